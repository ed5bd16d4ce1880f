package norma.bench;

import java.util.List;
import java.util.Locale;

/// A model that Norma and PyTorch are compared on, and how long: without bias, with tied embeddings, and without dropout, whose random
/// numbers differ between the two.
///
/// @param name         for people
/// @param warmup       steps after which both sides are at full speed
/// @param blocks       of each side
/// @param steps        of a block
/// @param choiceWarmup steps of PyTorch before its settings are told apart, most of whose time is spent in products from the first
///                     step on
/// @param choiceSteps  of a block while its settings are told apart
public record Shape(String name, int batch, int context, int width, int layers, int heads, int warmup, int blocks,
    int steps, int choiceWarmup, int choiceSteps) {
  /// nanoGPT's model for a CPU: compilation is done after 100 steps; a block is about a second of PyTorch's.
  public static final Shape S = new Shape("S", 12, 64, 128, 4, 4, 100, 8, 25, 20, 5);
  /// Its model for a GPU: a step is long enough for its own kernels to be compiled.
  public static final Shape M = new Shape("M", 64, 256, 384, 6, 6, 4, 8, 1, 1, 1);

  /// What sets Norma's configuration to this shape.
  public List<String> settings() {
    return List.of("train.batch=" + batch, "model.context=" + context, "model.width=" + width,
        "model.layers=" + layers, "model.heads=" + heads, "model.dropout=0", "model.bias=false",
        "model.tie_embeddings=true");
  }

  /// The same model with other lengths.
  public Shape with(int moreWarmup, int moreBlocks, int moreSteps) {
    return new Shape(name, batch, context, width, layers, heads, moreWarmup, moreBlocks, moreSteps, choiceWarmup,
        choiceSteps);
  }

  /// For people.
  String description() {
    return String.format(Locale.ROOT, "%s: batch %d, context %d, width %d, layers %d, heads %d", name, batch, context,
        width, layers, heads);
  }

  @Override
  public String toString() {
    return name;
  }
}
