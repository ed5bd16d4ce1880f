package norma.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Stream;
import norma.array.Array;
import norma.array.DType;
import norma.autodiff.KeyValueCache;
import norma.autodiff.ParameterBuffer;
import norma.autodiff.Pass;
import norma.autodiff.Tape;
import norma.kernels.Backend;
import norma.kernels.Kernels;
import norma.kernels.cpu.CpuBackend;
import norma.kernels.cuda.CudaBackend.Precision;
import norma.kernels.cuda.Emulator;
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
import norma.nn.Learnable;
import norma.nn.NormSpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIf;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// A sequence in pieces, with a cache, has the logits of the whole sequence.
class CachedLogitsTest {
  private static final int VOCABULARY = 7;
  private static final int LAYERS = 2;
  private static final int[] PIECES = { 5, 1, 1, 26, 1, 1, 33, 2 }; // more than two blocks of attention's queries
  private static final int[] FEW = { 3, 1, 1, 1, 2, 1 };
  private static final int CONTEXT = Arrays.stream(PIECES).sum();

  static Stream<GptConfig> models() {
    List<GptConfig> models = new ArrayList<>();
    NormSlots dyt = NormSlots.everywhere(NormSpec.of("dyt"), LAYERS); // heads' slots too: qk and attn.v
    NormSlots gated = NormSlots.everywhere(new NormSpec("gatednorm", Map.of("rank", 3)), LAYERS);
    Residual factors = new Residual(new Expression("(2 * layers)^0.25"),
        new Factor.Learned(new Learnable(0.3, true, false, false, false)));
    for (Positions positions : Positions.values()) {
      models.add(new GptConfig(LAYERS, 4, OptionalInt.of(2), 24, CONTEXT, positions, 2, true, 0.1, Activation.GELU,
          MlpType.PLAIN, true, EmbeddingScale.FIXED, Residual.SUM, Activation.NONE, Init.GPT2, dyt));
      models.add(new GptConfig(LAYERS, 3, OptionalInt.empty(), 66, CONTEXT, positions, 3, false, 0,
          new Activation("silu"), MlpType.GATED, false, EmbeddingScale.LEARNABLE, factors,
          new Activation("3 * tanh(x / 3)"), new Init(new Expression("0.3"), ResidualInit.PLAIN), gated));
    }
    models.add(new GptConfig(LAYERS, 2, OptionalInt.of(1), 36, CONTEXT, Positions.ROTARY, 4, false, 0, Activation.GELU,
        MlpType.PLAIN, true, EmbeddingScale.NONE, Residual.SUM, Activation.NONE, Init.GPT2,
        NormSlots.all(NormSpec.of("layernorm"), LAYERS)));
    return models.stream();
  }

  /// Sums go over channels and over keys in one order, however many rows there are.
  @ParameterizedTest
  @MethodSource("models")
  void bitForBitOnTheCpu(GptConfig config) {
    try (Backend backend = new CpuBackend(1, true)) {
      Generator generator = new Generator(backend, config);
      assertThat(generator.pieces(PIECES)).isEqualTo(generator.whole(PIECES));
    }
  }

  /// ND4J adds the products of one row in another order than those of several. A GPU's kernels are those of [CudaStepTest].
  @ParameterizedTest
  @EnumSource(Positions.class)
  void upToRoundingWithNd4jAndOnAGpu(Positions positions) {
    upToRounding(1e-13, new Nd4jBackend(DType.FLOAT64, true), layerNorm(positions));
    upToRounding(1e-5, Emulator.open(Precision.FP32), layerNorm(positions));
  }

  private static GptConfig layerNorm(Positions positions) {
    return new GptConfig(LAYERS, 2, OptionalInt.of(1), 16, CONTEXT, positions, 4, true, 0, Activation.GELU,
        MlpType.PLAIN, true, EmbeddingScale.LEARNABLE, Residual.SUM, Activation.NONE, Init.GPT2,
        NormSlots.all(NormSpec.of("layernorm"), LAYERS));
  }

  /// And attention's grid, which grows with it, is replaced: the 65th row is of another block.
  @Test
  @DisabledIf(value = "norma.kernels.cuda.CudaDevice#mayExist", disabledReason = "counts the calls of the emulator")
  void aTokenIsTheSameGraphAtEveryLength() {
    try (Backend backend = Emulator.open(Precision.FP32)) {
      Generator generator = new Generator(backend, layerNorm(Positions.LEARNED));
      int[] pieces = { 61, 1, 1, 1, 1, 1, 1, 1, 1 };
      Emulator.forgetCalls();
      double[] logits = generator.pieces(pieces);
      assertThat(Emulator.calls().get("cuGraphLaunch")).isGreaterThanOrEqualTo(7);
      assertThat(logits).containsExactly(generator.whole(pieces), within(1e-5));
    }
  }

  private static void upToRounding(double tolerance, Backend backend, GptConfig config) {
    try (backend) {
      Generator generator = new Generator(backend, config);
      assertThat(generator.pieces(FEW)).containsExactly(generator.whole(FEW), within(tolerance));
    }
  }

  private static final class Generator {
    private final Backend backend;
    private final Kernels kernels;
    private final Gpt model;
    private final ParameterBuffer values;
    private final int[] tokens = new int[CONTEXT];

    Generator(Backend backend, GptConfig config) {
      this.backend = backend;
      kernels = backend.kernels();
      model = new Gpt(config, VOCABULARY);
      values = new ParameterBuffer(backend, model.parameters());
      values.initialize(backend, 1);
      Arrays.setAll(tokens, i -> (i * i + i / 3) % VOCABULARY);
    }

    double[] whole(int... counts) {
      return logits(Pass.EVALUATION, Arrays.copyOf(tokens, Arrays.stream(counts).sum()));
    }

    double[] pieces(int... counts) {
      KeyValueCache cache = new KeyValueCache(backend, CONTEXT);
      double[] all = new double[Arrays.stream(counts).sum() * VOCABULARY];
      int first = 0;
      for (int count : counts) {
        double[] logits = logits(Pass.EVALUATION.after(first, cache), Arrays.copyOfRange(tokens, first, first + count));
        System.arraycopy(logits, 0, all, first * VOCABULARY, logits.length);
        first += count;
      }
      return all;
    }

    private double[] logits(Pass pass, int[] part) {
      Array ids = backend.allocate(DType.INT32, 1, part.length);
      backend.write(ids, part);
      try (Tape tape = new Tape(kernels, values, null, pass, null)) {
        return backend.read(model.logits(tape, ids).value());
      }
    }
  }
}
