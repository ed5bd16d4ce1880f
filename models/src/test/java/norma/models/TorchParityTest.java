package norma.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.IntToDoubleFunction;
import java.util.stream.Stream;
import norma.array.Array;
import norma.array.DType;
import norma.autodiff.GradientBuffer;
import norma.autodiff.Parameter;
import norma.autodiff.ParameterBuffer;
import norma.autodiff.Pass;
import norma.autodiff.Tape;
import norma.autodiff.Tensor;
import norma.kernels.Backend;
import norma.kernels.Kernels;
import norma.kernels.Where;
import norma.models.GptConfig.Activation;
import norma.models.GptConfig.EmbeddingScale;
import norma.models.GptConfig.Expression;
import norma.models.GptConfig.Factor;
import norma.models.GptConfig.Init;
import norma.models.GptConfig.MlpType;
import norma.models.GptConfig.Positions;
import norma.models.GptConfig.Residual;
import norma.nn.Learnable;
import norma.nn.NormSpec;
import norma.optim.AllChunks;
import norma.optim.Optimizer;
import norma.optim.Rule;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.json.JsonMapper;

/// Norma equals PyTorch's numbers in `torch-numbers.json`, which says how they were made. `bench/README.md` has the whole
/// comparison.
class TorchParityTest {
  /// What another order of summation may add to PyTorch's own float32 error.
  private static final double OTHER_ROUNDING = 5;
  private static final double FP32 = 1e-4;
  private static final Frozen FROZEN = read();
  /// The other types differ in nothing but their formulas, which CudaFormulasTest holds against the definition.
  private static final Set<String> ON_CUDA = Set.of("dyt", "layernorm", "rmsnorm", "none", "gatednorm");
  private static final int THREE_UPDATES = 4;

  /// The file.
  record Frozen(String made, String pytorch, String weights, String tokens, String gradient, int vocabulary,
      int batch, int context, int width, int mlpRatio, List<Model> models, Training training,
      List<Optimizers> optimizers) {}

  /// @param gradients by parameter: norm, largest magnitude, sum of g_i cos(1 + 2.3 i), first, last, float32 error
  record Model(Case model, double loss, Map<String, double[]> gradients) {}

  record Case(String type, String slots, Map<String, Object> settings, int layers, boolean bias, boolean tied,
      EmbeddingScale embeddingScale, Heads attention, Blocks blocks) {
    boolean on(Where where) {
      return where != Where.CUDA || ON_CUDA.contains(type);
    }

    @Override
    public String toString() {
      return type + " in slots " + slots;
    }
  }

  record Heads(int heads, int kvHeads, Positions positions) {}

  /// @param branch where it starts if it is learned
  record Blocks(MlpType mlp, String activation, String skip, List<Double> branch, String logits) {}

  record Training(int batch, double lr, double beta1, double beta2, double eps, double weightDecay,
      double clipNorm, List<Run> runs) {}

  record Optimizers(double lr, double momentum, Map<String, Rule> rules, Run run) {}

  record Run(Case model, double[] losses, double[] gradientNorms) {}

  /// A model with its weights.
  record Fixture(Backend backend, Kernels kernels, Gpt gpt, ParameterBuffer values, GradientBuffer gradients) {
    static Fixture of(Backend backend, Case model) {
      Gpt gpt = new Gpt(config(model), FROZEN.vocabulary);
      ParameterBuffer values = new ParameterBuffer(backend, gpt.parameters());
      writeWeights(backend, values);
      return new Fixture(backend, backend.kernels(), gpt, values, new GradientBuffer(backend, gpt.parameters()));
    }

    /// Loss of one step, with the gradients left behind.
    double lossAndGradients(int step, int batch) {
      gradients.start();
      try (Tape tape = new Tape(kernels, values, gradients, new Pass(true, 1, step, 0), null)) {
        double mean = 1.0 / (batch * FROZEN.context);
        Tensor loss = gpt.loss(tape, tokens(backend, step, batch, 0), tokens(backend, step, batch, 1), mean);
        tape.backward(loss);
        return backend.read(loss.value())[0];
      } finally {
        gradients.finish(kernels);
      }
    }
  }

  static Stream<Arguments> models() {
    return FROZEN.models.stream().flatMap(model -> Stream.of(Where.values())
        .filter(model.model::on).map(where -> Arguments.of(model.model, where, model)));
  }

  static Stream<Arguments> optimizers() {
    return FROZEN.optimizers.stream().flatMap(run -> Stream.of(Where.values())
        .map(where -> Arguments.of(new TreeSet<>(run.rules.values().stream().map(Rule::type).toList()), where, run)));
  }

  static Stream<Arguments> runs() {
    return FROZEN.training.runs.stream()
        .flatMap(run -> Stream.of(Where.values()).filter(run.model::on)
            .map(where -> Arguments.of(run.model, where, run)));
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("models")
  void lossAndGradientsEqualPyTorchs(Case model, Where where, Model expected) {
    double tolerance = where.tolerance(1e-10, FP32);
    try (Backend backend = where.open()) {
      Fixture fixture = Fixture.of(backend, model);
      double loss = fixture.lossAndGradients(1, FROZEN.batch);
      assertThat(loss).isCloseTo(expected.loss, within(tolerance * expected.loss));

      double largest = expected.gradients.values().stream().mapToDouble(numbers -> numbers[1]).max().orElseThrow();
      assertThat(fixture.gpt.parameters()).extracting(Parameter::name)
          .containsExactlyInAnyOrderElementsOf(expected.gradients.keySet());
      for (Parameter parameter : fixture.gpt.parameters()) {
        double[] numbers = Objects.requireNonNull(expected.gradients.get(parameter.name()));
        double[] actual = summary(backend.read(fixture.gradients.of(parameter)));
        boolean rounding = parameter.name().endsWith(".qk.key.bias") && !model.type.equals("gatednorm"); // which has it in the gate
        if (rounding) { // the loss does not depend on it
          assertThat(actual[0]).as(parameter.name()).isLessThan(tolerance * largest);
        } else {
          check(parameter.name(), actual, numbers,
              where == Where.ND4J ? tolerance : Math.max(tolerance, OTHER_ROUNDING * numbers[5]));
        }
      }
    }
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("runs")
  void trainingHasPyTorchsLosses(Case model, Where where, Run expected) {
    Training training = FROZEN.training;
    assertThat(expected.losses).hasSizeGreaterThanOrEqualTo(THREE_UPDATES);
    train(expected, where, where.tolerance(1e-8, FP32),
        new Optimizer.Settings(training.beta1, training.beta2, training.eps, 0, training.clipNorm),
        parameter -> new Rule(Rule.Type.ADAMW, 1, parameter.decays() ? training.weightDecay : 0),
        step -> training.lr * step);
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("optimizers")
  void threeUpdatesOfEveryOptimizerArePyTorchs(Set<Rule.Type> types, Where where, Optimizers expected) {
    Training training = FROZEN.training;
    assertThat(expected.run.losses).hasSize(THREE_UPDATES);
    train(expected.run, where, where.tolerance(1e-12, FP32),
        new Optimizer.Settings(training.beta1, training.beta2, training.eps, expected.momentum, training.clipNorm),
        parameter -> Objects.requireNonNull(expected.rules.get(parameter.name())), step -> expected.lr);
  }

  /// All losses on the CPU and of GPT-2's model; three updates of the others where a step takes long.
  private static void train(Run expected, Where where, double tolerance, Optimizer.Settings settings,
      Function<Parameter, Rule> rules, IntToDoubleFunction lr) {
    int batch = FROZEN.training.batch;
    boolean all = where == Where.CPU || expected.model.type.equals("layernorm");
    int steps = all ? expected.losses.length : THREE_UPDATES;
    try (Backend backend = where.open()) {
      Fixture fixture = Fixture.of(backend, expected.model);
      Optimizer optimizer = new Optimizer(backend, fixture.values, settings, rules);
      for (int step = 1; step <= steps; step++) {
        double loss = fixture.lossAndGradients(step, batch);
        double norm = AllChunks.gradientNorm(optimizer, fixture.kernels, fixture.gradients);
        AllChunks.step(optimizer, fixture.kernels, fixture.gradients, norm, lr.applyAsDouble(step), step);
        double expectedLoss = expected.losses[step - 1];
        double expectedNorm = expected.gradientNorms[step - 1];
        assertThat(loss).as("loss of step " + step).isCloseTo(expectedLoss, within(tolerance * expectedLoss));
        assertThat(norm).as("norm of step " + step).isCloseTo(expectedNorm, within(10 * tolerance * expectedNorm));
      }
    }
  }

  /// The norm to its own size, the sum to the norm's, elements to the largest element's.
  private static void check(String name, double[] actual, double[] expected, double tolerance) {
    assertThat(actual[0]).as(name + ", norm").isCloseTo(expected[0], within(tolerance * expected[0]));
    assertThat(actual[1]).as(name + ", largest").isCloseTo(expected[1], within(tolerance * expected[1]));
    assertThat(actual[2]).as(name + ", sum").isCloseTo(expected[2], within(tolerance * expected[0]));
    assertThat(actual[3]).as(name + ", first").isCloseTo(expected[3], within(tolerance * expected[1]));
    assertThat(actual[4]).as(name + ", last").isCloseTo(expected[4], within(tolerance * expected[1]));
  }

  private static double[] summary(double[] gradient) {
    double squares = 0;
    double largest = 0;
    double along = 0;
    for (int i = 0; i < gradient.length; i++) {
      squares += gradient[i] * gradient[i];
      largest = Math.max(largest, Math.abs(gradient[i]));
      along += gradient[i] * StrictMath.cos(1 + 2.3 * i);
    }
    return new double[]{ Math.sqrt(squares), largest, along, gradient[0], gradient[gradient.length - 1] };
  }

  /// The formula that the file calls `weights`.
  private static void writeWeights(Backend backend, ParameterBuffer values) {
    for (Parameter parameter : values.parameters()) {
      double[] numbers = new double[Math.toIntExact(parameter.size())];
      for (int i = 0; i < numbers.length; i++) {
        double phase = parameter.name().hashCode() % 1000 + 0.7 * i * i;
        numbers[i] = parameter.initial().mean() + 0.3 * StrictMath.sin(phase);
      }
      backend.write(values.of(parameter), numbers);
    }
  }

  /// The formula that the file calls `tokens`: ids for shift 0, targets for 1. (B, T)
  private static Array tokens(Backend backend, int step, int batch, int shift) {
    int time = FROZEN.context;
    int[] tokens = new int[batch * time];
    for (int i = 0; i < tokens.length; i++) {
      int k = i / time * (time + 1) + i % time + shift;
      tokens[i] = (5 * k + k * k / 3 + k * step + 7 * step) % FROZEN.vocabulary;
    }
    Array array = backend.allocate(DType.INT32, batch, time);
    backend.write(array, tokens);
    return array;
  }

  private static GptConfig config(Case model) {
    NormSpec norm = new NormSpec(model.type, model.settings);
    NormSlots slots = switch (model.slots) {
      case "PRE" -> NormSlots.all(norm, model.layers);
      case "ALL" -> NormSlots.everywhere(norm, model.layers);
      default -> throw new IllegalArgumentException("slots " + model.slots);
    };
    Blocks blocks = model.blocks;
    Factor branch = blocks.branch.isEmpty()
        ? new Expression("1")
        : new Factor.Learned(Learnable.from(blocks.branch.getFirst()));
    return new GptConfig(model.layers, model.attention.heads, OptionalInt.of(model.attention.kvHeads), FROZEN.width,
        FROZEN.context, model.attention.positions, FROZEN.mlpRatio,
        model.bias, 0,
        new Activation(blocks.activation), blocks.mlp, model.tied, model.embeddingScale,
        new Residual(new Expression(blocks.skip), branch), new Activation(blocks.logits), Init.GPT2, slots);
  }

  private static Frozen read() {
    try (InputStream file = TorchParityTest.class.getResourceAsStream("/torch-numbers.json")) {
      return JsonMapper.builder().build().readValue(Objects.requireNonNull(file), Frozen.class);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
