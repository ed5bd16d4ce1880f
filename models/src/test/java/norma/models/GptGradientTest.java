package norma.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import norma.array.Array;
import norma.array.DType;
import norma.autodiff.GradientBuffer;
import norma.autodiff.Parameter;
import norma.autodiff.ParameterBuffer;
import norma.autodiff.Pass;
import norma.autodiff.Tape;
import norma.kernels.Backend;
import norma.kernels.Kernels;
import norma.kernels.nd4j.Nd4jBackend;
import norma.models.GptConfig.Activation;
import norma.models.GptConfig.EmbeddingScale;
import norma.nn.FormulaType;
import norma.nn.NormSpec;
import norma.nn.NormTypes;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The gradient of every parameter of a whole model equals central differences along a direction that has every element, in float64.
class GptGradientTest {
  private static final int VOCABULARY = 7;
  private static final int BATCH = 2;
  private static final int LAYERS = 1;
  private static final Pass PASS = new Pass(true, 3, 1, 0);

  static Stream<GptConfig> models() {
    List<GptConfig> models = new ArrayList<>();
    for (String type : List.of("layernorm", "rmsnorm", "dyt", "dyisru", "derf", "none")) {
      models.add(config(pre(NormSpec.of(type)), false, 0, true, EmbeddingScale.NONE));
    }
    NormSpec direct = new NormSpec("dyisru", Map.of("parametrization", "direct", "scale_sqrt_width", true));
    models.add(config(everywhere(direct), true, 0.2, false, EmbeddingScale.LEARNABLE));
    for (String type : List.of("layernorm", "rmsnorm", "dyt", "dyisru", "derf")) {
      models.add(config(everywhere(NormSpec.of(type)), true, 0.1, true, EmbeddingScale.FIXED));
    }
    models.add(config(everywhere(new NormSpec("gatednorm", Map.of("rank", 3))), true, 0, true, EmbeddingScale.FIXED));
    models.add(config(inTurn(0), true, 0, true, EmbeddingScale.LEARNABLE));
    models.add(config(inTurn(6), false, 0, false, EmbeddingScale.NONE));
    return models.stream();
  }

  /// Another built-in type in each slot.
  private static NormSlots inTurn(int first) {
    List<FormulaType> types = NormTypes.builtIn();
    Map<Slot, NormSpec> outside = new EnumMap<>(Slot.class);
    Map<Slot, NormSpec> block = new EnumMap<>(Slot.class);
    int next = first;
    for (Slot slot : Slot.values()) {
      NormSpec spec = NormSpec.of(types.get(next++ % types.size()).name());
      (slot.sublayer().isEmpty() ? outside : block).put(slot, spec);
    }
    return new NormSlots(outside, List.of(block));
  }

  @ParameterizedTest
  @MethodSource("models")
  void everyParametersGradientEqualsCentralDifferences(GptConfig config) {
    Gpt model = new Gpt(config, VOCABULARY);
    try (Backend backend = new Nd4jBackend(DType.FLOAT64, true)) {
      Kernels kernels = backend.kernels();
      ParameterBuffer values = new ParameterBuffer(backend, model.parameters());
      GradientBuffer gradients = new GradientBuffer(backend, model.parameters());
      values.initialize(backend, 1);
      spread(backend, values, model.parameters());
      gradients.start();
      try (Tape tape = new Tape(kernels, values, gradients, PASS, null)) {
        tape.backward(model.loss(tape, tokens(backend, 0), tokens(backend, 1), 0.1));
      }
      gradients.finish(kernels);

      for (Parameter parameter : model.parameters()) {
        double[] gradient = backend.read(gradients.of(parameter));
        double[] value = backend.read(values.of(parameter));
        double along = 0;
        double[] direction = new double[value.length];
        for (int i = 0; i < value.length; i++) {
          direction[i] = Math.cos(1 + 2.3 * i);
          along += gradient[i] * direction[i];
        }
        double h = 1e-5;
        double up = lossAt(backend, kernels, model, values, parameter, value, direction, h);
        double down = lossAt(backend, kernels, model, values, parameter, value, direction, -h);
        double expected = (up - down) / (2 * h);
        assertThat(along).as(parameter.name()).isCloseTo(expected, within(1e-7 + 1e-5 * Math.abs(expected)));
      }
    }
  }

  private static double lossAt(Backend backend, Kernels kernels, Gpt model, ParameterBuffer values,
      Parameter parameter, double[] value, double[] direction, double by) {
    double[] changed = value.clone();
    for (int i = 0; i < value.length; i++) {
      changed[i] += by * direction[i];
    }
    backend.write(values.of(parameter), changed);
    try (Tape tape = new Tape(kernels, values, null, PASS, null)) {
      return backend.read(model.loss(tape, tokens(backend, 0), tokens(backend, 1), 0.1).value())[0];
    } finally {
      backend.write(values.of(parameter), value);
    }
  }

  /// Larger than the usual start, so that no gradient is lost in rounding; weights and scalars differ from their starts.
  private static void spread(Backend backend, ParameterBuffer values, List<Parameter> parameters) {
    for (Parameter parameter : parameters) {
      double[] value = backend.read(values.of(parameter));
      for (int i = 0; i < value.length; i++) {
        value[i] += 0.3 * Math.sin(i + parameter.index());
      }
      backend.write(values.of(parameter), value);
    }
  }

  private static Array tokens(Backend backend, int shift) {
    Array ids = backend.allocate(DType.INT32, BATCH, 5);
    int[] values = new int[BATCH * 5];
    for (int i = 0; i < values.length; i++) {
      values[i] = (3 * i + i / 4 + shift) % VOCABULARY;
    }
    backend.write(ids, values);
    return ids;
  }

  private static NormSlots pre(NormSpec spec) {
    return NormSlots.all(spec, LAYERS);
  }

  private static NormSlots everywhere(NormSpec spec) {
    return NormSlots.everywhere(spec, LAYERS);
  }

  private static GptConfig config(NormSlots norm, boolean bias, double dropout, boolean tied, EmbeddingScale scale) {
    return new GptConfig(LAYERS, 3, 9, 5, 2, bias, dropout, Activation.GELU, tied, scale, norm);
  }
}
