package norma.bench;

import java.io.IOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntToDoubleFunction;
import norma.array.DType;
import norma.bench.FrozenInputs.Batch;
import norma.bench.ParityCase.Attention;
import norma.bench.ParityCase.Blocks;
import norma.bench.ParityCase.Slots;
import norma.kernels.Backend;
import norma.kernels.nd4j.Nd4jBackend;
import norma.models.Gpt;
import norma.models.GptConfig.EmbeddingScale;
import norma.optim.Rule;
import norma.train.config.RunConfig;
import org.bytedeco.javacpp.PointerScope;
import tools.jackson.databind.json.JsonMapper;

/// Writes PyTorch's numbers, computed in float64, that the module `models` compares itself with in every build.
public final class FreezeTorchNumbers {
  private static final MathContext DIGITS = new MathContext(13);
  private static final String GRADIENT = "L2 norm, largest magnitude, sum of g_i cos(1 + 2.3 i), first element, last element,"
      + " and the error of PyTorch's own float32 in models like this one, relative to the largest magnitude";
  /// Those with a second model and a training; the others are checked once, in all slots.
  private static final List<String> TRAINED = List.of("layernorm", "rmsnorm", "dyt", "dyisru", "derf", "none");
  private static final int STEPS = 10;
  /// Three updates.
  private static final int FEW = 4;
  /// Everything but AdamW for all parameters: learning rates and decays of parameters' own, SGD, Muon.
  private static final List<List<String>> OPTIMIZERS = List.of(
      List.of("optim.groups=[{of: '*.alpha', lr_factor: 30, weight_decay: 0.5}, {of: '*.fc.*', lr_factor: 0.1}]"),
      List.of("optim.type=sgd", "optim.lr=0.05", "optim.momentum=0.9"), List.of("optim.type=muon", "optim.lr=0.01"));
  private static final int TRAINING_BATCH = 4;

  private FreezeTorchNumbers() {}

  /// The whole file.
  private record Frozen(String made, String pytorch, String weights, String tokens, String gradient, int vocabulary,
      int batch, int context, int width, int mlpRatio, List<Model> models, Training training,
      List<Optimizers> optimizers) {}

  /// @param gradients by parameter, what [#GRADIENT] says
  private record Model(ParityCase model, double loss, Map<String, List<Double>> gradients) {}

  /// The optimizer's settings and the losses of [#TRAINED] in pre slots; step s has learning rate `lr * s`.
  private record Training(int batch, double lr, double beta1, double beta2, double eps, double weightDecay,
      double clipNorm, List<Run> runs) {}

  /// Four losses of [#OPTIMIZERS], so three updates, each with the configuration's rate.
  ///
  /// @param rules by parameter
  private record Optimizers(double lr, double momentum, Map<String, Rule> rules, Run run) {}

  private record Run(ParityCase model, List<Double> losses, List<Double> gradientNorms) {}

  /// @param args version of PyTorch's bindings, path of the file
  public static void main(String[] args) throws IOException {
    RunConfig.Optim optim = RunConfig.DEFAULT.optim();
    Training training = new Training(TRAINING_BATCH, optim.lr(), optim.beta1(), optim.beta2(), optim.eps(),
        optim.weightDecay(), optim.clipNorm(), new ArrayList<>());
    List<Model> models = new ArrayList<>();
    List<Optimizers> optimizers = new ArrayList<>();
    try (Backend backend = new Nd4jBackend(DType.FLOAT64, false)) {
      for (String type : ParityCase.TYPES) {
        EmbeddingScale scale = ParityCase.scale(type, Slots.ALL, EmbeddingScale.LEARNABLE);
        models.add(gradients(
            new ParityCase(type, Slots.ALL, Map.of(), 1, true, false, scale, Attention.USUAL, Blocks.USUAL)));
        if (TRAINED.contains(type)) {
          models.add(gradients(
              new ParityCase(type, Slots.PRE, Map.of(), 2, false, true, EmbeddingScale.NONE, Attention.USUAL,
                  Blocks.USUAL)));
          training.runs.add(train(backend, optim, STEPS, step -> optim.lr() * step,
              trained(type, Attention.USUAL, Blocks.USUAL)));
        }
      }
      for (Attention attention : Attention.OTHERS) {
        training.runs.add(train(backend, optim, FEW, step -> optim.lr() * step,
            trained("rmsnorm", attention, Blocks.USUAL)));
      }
      for (Blocks blocks : Blocks.OTHERS) {
        training.runs.add(train(backend, optim, FEW, step -> optim.lr() * step,
            trained("dyt", Attention.USUAL, blocks)));
      }
      for (List<String> settings : OPTIMIZERS) {
        optimizers.add(optimizers(backend, settings));
      }
    }
    Frozen frozen = new Frozen("./mvnw -Pbench,freeze -pl bench -am process-classes (norma.bench.FreezeTorchNumbers)",
        "org.bytedeco:pytorch:" + args[0] + ", float64", FrozenInputs.WEIGHTS, FrozenInputs.TOKENS,
        GRADIENT, ParityCase.VOCABULARY,
        ParityCase.BATCH, ParityCase.CONTEXT, ParityCase.WIDTH, ParityCase.MLP_RATIO, models,
        training, optimizers);
    Path file = Path.of(args[1]);
    String json = JsonMapper.builder().build().writerWithDefaultPrettyPrinter().writeValueAsString(frozen);
    Files.createDirectories(file.toAbsolutePath().getParent());
    Files.writeString(file, json + "\n");
    System.out.println("wrote " + Files.size(file) + " bytes to " + file);
  }

  private static ParityCase trained(String type, Attention attention, Blocks blocks) {
    return new ParityCase(type, Slots.PRE, Map.of(), 2, true, true, EmbeddingScale.NONE, attention, blocks);
  }

  private static Model gradients(ParityCase model) {
    Numbers exact = Numbers.torch(model, DType.FLOAT64);
    Map<String, Double> rounding = Numbers.torchFloat32Errors(model);
    Map<String, List<Double>> gradients = new LinkedHashMap<>();
    exact.gradients().forEach((name, gradient) -> gradients.put(name,
        summary(gradient, Objects.requireNonNull(rounding.get(name)))));
    return new Model(model, rounded(exact.loss()), gradients);
  }

  private static List<Double> summary(double[] gradient, double rounding) {
    double squares = 0;
    for (double number : gradient) {
      squares += number * number;
    }
    return List.of(rounded(Math.sqrt(squares)), rounded(Numbers.largest(gradient)), rounded(Numbers.along(gradient)),
        rounded(gradient[0]), rounded(gradient[gradient.length - 1]),
        new BigDecimal(Math.min(1, rounding)).round(new MathContext(2)).doubleValue());
  }

  /// Three updates of a model that has matrices of all shapes, vectors and numbers.
  private static Optimizers optimizers(Backend backend, List<String> settings) {
    ParityCase model = new ParityCase("dyt", Slots.PRE, Map.of(), 1, true, false, EmbeddingScale.NONE,
        Attention.USUAL, Blocks.USUAL);
    List<String> all = new ArrayList<>(settings);
    all.add("model.norm.all=dyt");
    RunConfig.Optim optim = StepServer.config(all).optim();
    Map<String, Rule> rules = new LinkedHashMap<>();
    new Gpt(model.config(), ParityCase.VOCABULARY).parameters().forEach(p -> rules.put(p.name(), optim.rule(p)));
    return new Optimizers(optim.lr(), optim.momentum(), rules, train(backend, optim, FEW, _ -> optim.lr(), model));
  }

  /// @param lr of each step
  private static Run train(Backend backend, RunConfig.Optim optim, int steps, IntToDoubleFunction lr,
      ParityCase model) {
    try (PointerScope scope = new PointerScope()) {
      TorchGpt gpt = Numbers.torch(model, backend, 0);
      TorchOptimizer optimizer = gpt.optimizer(optim);
      List<Double> losses = new ArrayList<>();
      List<Double> norms = new ArrayList<>();
      for (int step = 1; step <= steps; step++) {
        Batch batch = new Batch(step, TRAINING_BATCH, ParityCase.CONTEXT, ParityCase.VOCABULARY);
        double[] lossAndNorm = gpt.step(optimizer, optim, lr.applyAsDouble(step), batch.tensor(0), batch.tensor(1));
        losses.add(rounded(lossAndNorm[0]));
        norms.add(rounded(lossAndNorm[1]));
      }
      return new Run(model, losses, norms);
    }
  }

  private static double rounded(double number) {
    return new BigDecimal(number).round(DIGITS).doubleValue();
  }
}
