package norma.bench;

import java.util.List;
import java.util.Locale;

/// The models that Norma and PyTorch are compared on, both nanoGPT's: without bias, with tied embeddings, and here without
/// dropout, whose random numbers differ between the two.
enum Shape {
  /// nanoGPT's settings for a CPU.
  S(12, 64, 128, 4, 4, 100, 25, 20, 5),
  /// Its settings for a GPU.
  M(64, 256, 384, 6, 6, 4, 1, 1, 1);

  private final int batch;
  private final int context;
  private final int width;
  private final int layers;
  private final int heads;
  private final int warmupSteps;
  private final int stepsPerBlock;
  private final int choiceWarmup;
  private final int choiceSteps;

  Shape(int batch, int context, int width, int layers, int heads, int warmupSteps, int stepsPerBlock, int choiceWarmup,
      int choiceSteps) {
    this.batch = batch;
    this.context = context;
    this.width = width;
    this.layers = layers;
    this.heads = heads;
    this.warmupSteps = warmupSteps;
    this.stepsPerBlock = stepsPerBlock;
    this.choiceWarmup = choiceWarmup;
    this.choiceSteps = choiceSteps;
  }

  /// Steps after which both sides are at full speed: compilation is done after 100 small ones; a large one is long enough
  /// for its own kernels.
  int warmupSteps() {
    return warmupSteps;
  }

  /// About a second of PyTorch at S, one step at M.
  int stepsPerBlock() {
    return stepsPerBlock;
  }

  /// Steps of PyTorch before its settings are told apart, most of whose time is spent in products from the first step on.
  int choiceWarmup() {
    return choiceWarmup;
  }

  /// Steps of a block while its settings are told apart.
  int choiceSteps() {
    return choiceSteps;
  }

  /// What sets Norma's configuration to this shape.
  List<String> settings() {
    return List.of("train.batch=" + batch, "model.context=" + context, "model.width=" + width,
        "model.layers=" + layers, "model.heads=" + heads, "model.dropout=0", "model.bias=false",
        "model.tie_embeddings=true");
  }

  /// For people.
  String description() {
    return String.format(Locale.ROOT, "%s: batch %d, context %d, width %d, layers %d, heads %d", name(), batch, context,
        width, layers, heads);
  }
}
