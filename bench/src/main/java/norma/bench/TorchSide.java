package norma.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import norma.array.DType;
import norma.autodiff.Parameter;
import norma.models.Gpt;
import norma.optim.Schedule;
import norma.random.RandomStream;
import norma.train.config.RunConfig;
import norma.train.data.Corpora;
import norma.train.data.Corpus;
import norma.train.data.Split;
import norma.train.data.Vocabulary;
import norma.train.data.Windows;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.OptimizerParamGroup;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/// PyTorch's side of the comparison: libtorch in eager mode, with its own operations, automatic differentiation, gradient
/// clipping and AdamW. Of Norma it uses what is outside the step: configuration, corpus, windows, initial values. ND4J is
/// never loaded.
final class TorchSide implements Contender {
  private final RunConfig config;
  private final Windows windows;
  private final RandomStream draws;
  private final int[] inputs; // (B, T)
  private final int[] labels; // (B, T)
  private final PointerScope scope = new PointerScope();
  private final TorchGpt model;
  private final TensorVector parameters;
  private final AdamW optimizer;
  private final Schedule schedule;

  private TorchSide(RunConfig config) {
    this.config = config;
    Corpus corpus = corpus(config, Path.of(""));
    Vocabulary vocabulary = Vocabulary.of(corpus.codePoints());
    int context = config.model().context();
    Split split = Split.of(vocabulary.encode(corpus.codePoints()), config.data().valFraction(),
        config.data().trainFraction(), context);
    this.windows = new Windows(split.train(), context);
    this.draws = RandomStream.of(config.train().seed(), "data.train");
    this.inputs = new int[config.train().batch() * context];
    this.labels = new int[inputs.length];
    List<Parameter> shapes = new Gpt(config.model(), vocabulary.size()).parameters();
    this.model = new TorchGpt(config.model(), DType.FLOAT32, shapes, p -> initial(p, config.train().seed()));
    this.parameters = new TensorVector(model.parameters().values().toArray(Tensor[]::new));
    this.optimizer = optimizer(config.optim());
    this.schedule = NormaSide.schedule(config.optim());
  }

  public static void main(String[] settings) throws IOException {
    StepServer.serve(settings, TorchSide::new);
  }

  /// The text that a configuration names.
  static Corpus corpus(RunConfig config, Path base) {
    return switch (config.data().corpus()) {
      case RunConfig.Corpus.Named named -> Corpora.load(named.source(), base);
      case RunConfig.Corpus.Download file -> Corpora.load(file.url(), file.sha256(), Corpora.userCache());
    };
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
    double loss;
    double gradientNorm;
    try (PointerScope temporaries = new PointerScope()) {
      windows.sequences(draws.at(number)::bounded, 0, inputs, labels);
      Tensor mean = model.loss(tokens(inputs), tokens(labels));
      mean.backward();
      loss = mean.item_double();
      gradientNorm = torch.clip_grad_norm_(parameters, config.optim().clipNorm());
      for (long group = 0; group < optimizer.param_groups().size(); group++) {
        optimizer.param_groups().get(group).options().set_lr(schedule.at(number));
      }
      optimizer.step();
      optimizer.zero_grad(true); // gradients are freed, not filled with zeros
    }
    return new Step(System.nanoTime() - start, loss, gradientNorm);
  }

  @Override
  public void close() {
    scope.close();
  }

  private Tensor tokens(int[] ids) { // (B, T) of type Long
    long[] wide = new long[ids.length];
    for (int i = 0; i < ids.length; i++) {
      wide[i] = ids[i];
    }
    return Tensor.create(wide, config.train().batch(), config.model().context());
  }

  /// Weight decay on matrices only: two groups.
  private AdamW optimizer(RunConfig.Optim optim) {
    List<Tensor> matrices = new ArrayList<>();
    List<Tensor> others = new ArrayList<>();
    model.parameters().values().forEach(p -> (p.dim() >= 2 ? matrices : others).add(p));
    AdamW adamW = new AdamW(new TensorVector(matrices.toArray(Tensor[]::new)), options(optim, optim.weightDecay()));
    if (!others.isEmpty()) {
      adamW.add_param_group(new OptimizerParamGroup(new TensorVector(others.toArray(Tensor[]::new)),
          options(optim, 0)));
    }
    return adamW;
  }

  private static AdamWOptions options(RunConfig.Optim optim, double weightDecay) {
    AdamWOptions options = new AdamWOptions(optim.lr());
    options.betas().put(optim.beta2(), optim.beta1()); // a C++ tuple: its last member comes first in memory
    options.eps().put(optim.eps());
    options.weight_decay().put(weightDecay);
    return options;
  }

  /// The numbers that [norma.autodiff.ParameterBuffer] starts with.
  private static double[] initial(Parameter parameter, long seed) {
    RandomStream stream = RandomStream.of(seed, "init." + parameter.name());
    double[] values = new double[Math.toIntExact(parameter.size())];
    for (int i = 0; i < values.length; i++) {
      double std = parameter.initial().std();
      values[i] = parameter.initial().mean() + (std == 0 ? 0 : std * stream.normal(i));
    }
    return values;
  }

  private static String find(String pattern, String text) {
    Matcher matcher = Pattern.compile(pattern).matcher(text);
    return matcher.find() ? matcher.group(1) : "unknown";
  }
}
