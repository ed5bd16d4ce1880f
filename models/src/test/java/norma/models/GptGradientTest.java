package norma.models;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Stream;
import norma.array.Array;
import norma.array.DType;
import norma.autodiff.GradientCheck;
import norma.autodiff.Pass;
import norma.kernels.Backend;
import norma.kernels.nd4j.Nd4jBackend;
import norma.models.GptConfig.Activation;
import norma.models.GptConfig.EmbeddingScale;
import norma.models.GptConfig.Expression;
import norma.models.GptConfig.Factor;
import norma.models.GptConfig.Init;
import norma.models.GptConfig.MlpType;
import norma.models.GptConfig.Positions;
import norma.models.GptConfig.Residual;
import norma.models.GptConfig.ResidualInit;
import norma.nn.FormulaType;
import norma.nn.Learnable;
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
    models.add(config(pre(NormSpec.NONE), false, 0, true, EmbeddingScale.NONE));
    NormSpec direct = new NormSpec("dyisru", Map.of("parametrization", "direct", "scale_sqrt_width", true));
    models.add(config(everywhere(direct), true, 0.2, false, EmbeddingScale.LEARNABLE));
    models.add(config(pre(new NormSpec("gatednorm", Map.of("rank", 3))), true, 0, true, EmbeddingScale.FIXED));
    models.add(config(inTurn(0), true, 0, true, EmbeddingScale.LEARNABLE));
    models.add(config(inTurn(6), false, 0, false, EmbeddingScale.NONE));
    models.add(config(pre(NormSpec.of("rmsnorm")), OptionalInt.of(1), Positions.NONE));
    models.add(config(everywhere(NormSpec.of("dyt")), OptionalInt.of(2), Positions.ROTARY));
    NormSlots layerNorm = pre(NormSpec.of("layernorm"));
    Residual learned = new Residual(new Expression("(2 * layers)^0.25"), // as DeepNorm, and as LayerScale
        new Factor.Learned(new Learnable(0.3, true, false, false, false)));
    models.add(new GptConfig(LAYERS, 3, OptionalInt.empty(), 9, 5, Positions.LEARNED, 2, true, 0.1,
        new Activation("silu"), MlpType.GATED, true,
        EmbeddingScale.NONE, learned, new Activation("3 * tanh(x / 3)"),
        new Init(new Expression("0.3"), ResidualInit.PLAIN), layerNorm));
    Residual both = new Residual(new Factor.Learned(new Learnable(1, false, false, true, false)),
        new Expression("-1 / depth"));
    models.add(new GptConfig(LAYERS, 3, OptionalInt.empty(), 9, 5, Positions.LEARNED, 2, false, 0, Activation.NONE,
        MlpType.GATED, false, EmbeddingScale.NONE,
        both, Activation.NONE, Init.GPT2, layerNorm));
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
      GradientCheck.check(backend, model.parameters(), PASS,
          tape -> model.loss(tape, tokens(backend, 0), tokens(backend, 1), 0.1));
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

  private static GptConfig config(NormSlots norm, OptionalInt kvHeads, Positions positions) {
    return new GptConfig(LAYERS, 4, kvHeads, 16, 5, positions, 2, true, 0.1, Activation.GELU, MlpType.PLAIN, true,
        EmbeddingScale.NONE,
        Residual.SUM, Activation.NONE, Init.GPT2, norm);
  }

  private static GptConfig config(NormSlots norm, boolean bias, double dropout, boolean tied, EmbeddingScale scale) {
    return new GptConfig(LAYERS, 3, OptionalInt.empty(), 9, 5, Positions.LEARNED, 2, bias, dropout, Activation.GELU,
        MlpType.PLAIN, tied, scale, Residual.SUM, Activation.NONE, Init.GPT2, norm);
  }
}
