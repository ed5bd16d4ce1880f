package norma.bench;

import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import norma.array.DType;
import norma.autodiff.Parameter;
import norma.autodiff.ParameterBuffer;
import norma.models.Gpt;
import norma.optim.Schedule;
import norma.random.RandomStream;
import norma.train.config.RunConfig;
import norma.train.data.Corpus;
import norma.train.data.Split;
import norma.train.data.Vocabulary;
import norma.train.data.Windows;
import norma.train.run.Session;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// PyTorch's side of the comparison: libtorch in eager mode, with its own operations, automatic differentiation, gradient
/// clipping and optimizers. Of Norma it uses what is outside the step: configuration, corpus, windows, initial values. ND4J is
/// never loaded.
final class TorchSide implements Contender {
  private final RunConfig config;
  private final Windows windows;
  private final RandomStream draws;
  private final int[] inputs; // (B, T)
  private final int[] labels; // (B, T)
  private final PointerScope scope = new PointerScope();
  private final TorchGpt model;
  private final TorchOptimizer optimizer;
  private final Schedule schedule;

  private TorchSide(RunConfig config) {
    this.config = config;
    if (config.train().accumulate() > 1) {
      throw new IllegalArgumentException("train.accumulate is " + config.train().accumulate()
          + ": a comparison with PyTorch takes one batch a step, train.batch");
    }
    Corpus corpus = Session.corpus(config);
    Vocabulary vocabulary = Vocabulary.of(corpus);
    int context = config.model().context();
    Split split = Session.split(config, corpus, vocabulary);
    this.windows = new Windows(split.train(), context);
    this.draws = RandomStream.of(config.train().seed(), "data.train");
    this.inputs = new int[config.train().batch() * context];
    this.labels = new int[inputs.length];
    List<Parameter> shapes = new Gpt(config.model(), vocabulary.size()).parameters();
    this.model = new TorchGpt(config.model(), DType.FLOAT32, shapes,
        p -> ParameterBuffer.initial(p, config.train().seed()));
    this.optimizer = model.optimizer(config.optim());
    this.schedule = config.optim().rates();
  }

  public static void main(String[] settings) throws IOException {
    StepServer.serve(settings, TorchSide::new);
  }

  @Override
  public Map<String, String> facts() {
    String build = torch.show_config().getString();
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("build", "libtorch " + find("TORCH_VERSION=([^,\\s]+)", build) + ", eager; BLAS "
        + find("BLAS_INFO=([^,\\s]+)", build) + ", " + find("CPU capability usage: (\\S+)", build));
    facts.put("threads", Integer.toString(torch.get_num_threads()));
    return facts;
  }

  @Override
  public Step step(int number) {
    long start = System.nanoTime();
    double[] lossAndNorm;
    try (PointerScope temporaries = new PointerScope()) {
      windows.sequences(draws.at(number)::bounded, 0, inputs, labels);
      lossAndNorm = model.step(optimizer, config.optim(), schedule.at(number), tokens(inputs), tokens(labels));
    }
    return new Step(System.nanoTime() - start, lossAndNorm[0], lossAndNorm[1]);
  }

  @Override
  public void close() {
    scope.close();
  }

  private Tensor tokens(int[] ids) { // (B, T) of type Long
    return Tensor.create(Arrays.stream(ids).asLongStream().toArray(), config.train().batch(),
        config.model().context());
  }

  private static String find(String pattern, String text) {
    Matcher matcher = Pattern.compile(pattern).matcher(text);
    return matcher.find() ? matcher.group(1) : "unknown";
  }
}
