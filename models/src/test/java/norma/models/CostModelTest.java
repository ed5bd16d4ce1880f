package norma.models;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.OptionalInt;
import java.util.stream.Stream;
import norma.array.DType;
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
import org.junit.jupiter.api.Test;

class CostModelTest {
  private static final GptConfig CHAR_CPU = new GptConfig(4, 4, OptionalInt.empty(), 128, 64, Positions.LEARNED, 4,
      false, 0,
      Activation.GELU, MlpType.PLAIN, true,
      EmbeddingScale.NONE, Residual.SUM, Activation.NONE, Init.GPT2, NormSlots.all(NormSpec.of("layernorm"), 4));

  @Test
  void nanoGptsCpuModelHasItsPublishedNumberOfParameters() {
    CostModel cost = CostModel.of(new Gpt(CHAR_CPU, 65), 12, DType.FLOAT32);
    assertThat(cost.parameters()).isEqualTo(804_096);
    assertThat(cost.parameters() - cost.positions()).isEqualTo(795_904);
  }

  /// The table of docs/profile.md, formula by formula.
  @Test
  void everyPartCostsWhatWasCountedByHand() {
    CostModel cost = CostModel.of(new Gpt(CHAR_CPU, 77), 12, DType.FLOAT32);
    double rc = 12 * 64 * 128;
    double pairs = 12 * 4 * 64 * 65 / 2.0;
    assertFlops(cost, "tok_emb", rc, 2 * rc);
    assertFlops(cost, "blocks.2.attn.pre", 6 * rc, 14 * rc);
    assertFlops(cost, "blocks.2.attn.qkv", 2 * rc * 384, 4 * rc * 384);
    assertFlops(cost, "blocks.2.attn.attention", pairs * (4 * 32 + 5), pairs * (8 * 32 + 5));
    assertFlops(cost, "blocks.2.attn.proj", 2 * rc * 128, 4 * rc * 128);
    assertFlops(cost, "blocks.2.attn.add", rc, 0);
    assertFlops(cost, "blocks.2.mlp.fc", 2 * rc * 512, 4 * rc * 512);
    assertFlops(cost, "blocks.2.mlp.gelu", 44 * rc, 4 * rc);
    assertFlops(cost, "blocks.2.mlp.proj", 2 * rc * 512, 4 * rc * 512);
    assertFlops(cost, "head", 2 * rc * 77, 4 * rc * 77);
    assertFlops(cost, "loss", 5 * 768 * 77, 0);
    assertThat(cost.flops()).isEqualTo(3864589056.0);
  }

  /// Three matrices of 2/3 of the width: 1/128 more parameters here, since 341 1/3 is rounded to 344.
  @Test
  void aGatedMlpHasAsManyParameters() {
    GptConfig gated = new GptConfig(4, 4, OptionalInt.empty(), 128, 64, Positions.LEARNED, 4, false, 0, Activation.GELU,
        MlpType.GATED, true,
        EmbeddingScale.NONE, new Residual(new Expression("2"), new Factor.Learned(Learnable.from(1))),
        new Activation("30 * tanh(x / 30)"), Init.GPT2, NormSlots.all(NormSpec.of("layernorm"), 4));
    assertThat(gated.hidden()).isEqualTo(344);
    CostModel cost = CostModel.of(new Gpt(gated, 77), 12, DType.FLOAT32);
    assertThat(cost.layers().get("blocks.0.mlp")).extracting(CostModel.Layer::parameters).isEqualTo(3L * 128 * 344 + 1);
    double rh = 12 * 64 * 344;
    assertFlops(cost, "blocks.2.mlp.up", 2 * rh * 128, 4 * rh * 128);
    assertFlops(cost, "blocks.2.mlp.gelu", 13 * rh, 2 * rh);
    long row = 4 * 12 * 64;
    // Input, the gate's two slopes, its output, and what the add multiplies by a learned number.
    assertThat(saved(cost, "blocks.0.mlp")).isEqualTo(row * (128 + 3 * 344 + 128));
    assertThat(cost.layers().keySet()).contains("head").doesNotContain("logits", "blocks.0.mlp.add");
  }

  /// Keys and values of one head beside four of queries; a channel that turns takes two products and a sum.
  @Test
  void sharedKeysAndTurningCostWhatWasCountedByHand() {
    GptConfig config = new GptConfig(4, 4, OptionalInt.of(1), 128, 64, Positions.ROTARY, 4, false, 0, Activation.GELU,
        MlpType.PLAIN, true, EmbeddingScale.NONE, Residual.SUM, Activation.NONE, Init.GPT2,
        NormSlots.all(NormSpec.of("layernorm"), 4));
    CostModel cost = CostModel.of(new Gpt(config, 77), 12, DType.FLOAT32);
    double rc = 12 * 64 * 128;
    double pairs = 12 * 4 * 64 * 65 / 2.0;
    assertFlops(cost, "tok_emb", 0, rc);
    assertFlops(cost, "blocks.2.attn.qkv", 2 * rc * 192, 4 * rc * 192);
    assertFlops(cost, "blocks.2.attn.rotary", 3 * rc * 5 / 4, 3 * rc * 5 / 4);
    assertFlops(cost, "blocks.2.attn.attention", pairs * (4 * 32 + 5), pairs * (8 * 32 + 5));
    assertThat(cost.positions()).isZero();
    long row = 4 * 12 * 64;
    assertThat(saved(cost, "blocks.0.attn")).isEqualTo(row * (128 + 192 + 128 + 4));
  }

  private static void assertFlops(CostModel cost, String part, double forward, double backward) {
    norma.ops.Cost counted = java.util.Objects.requireNonNull(cost.parts().get(part), part).cost();
    assertThat(counted.forwardFlops()).as(part).isEqualTo(forward);
    assertThat(counted.backwardFlops()).as(part).isEqualTo(backward);
  }

  @Test
  void anArrayThatTwoOperationsKeepCountsOnce() {
    CostModel cost = CostModel.of(new Gpt(CHAR_CPU, 65), 12, DType.FLOAT32);
    long row = 4 * 12 * 64; // bytes of one column of activations
    // Attention keeps its input, qkv, its output (which proj keeps too) and a logarithm for each head.
    assertThat(saved(cost, "blocks.0.attn")).isEqualTo(row * (128 + 3 * 128 + 128 + 4));
    // The MLP: input, GELU's slope, and GELU's output.
    assertThat(saved(cost, "blocks.0.mlp")).isEqualTo(row * (128 + 512 + 512));
    assertThat(saved(cost, "blocks.0.attn.pre")).isEqualTo(row * (128 + 2));
  }

  /// A norm composed of operations is one layer, with its matrices.
  @Test
  void aGateCostsItsTwoProducts() {
    GptConfig config = CHAR_CPU.with(NormSlots.in(Stream.of(Slot.MLP_INNER), NormSpec.of("gatednorm"), 4));
    CostModel cost = CostModel.of(new Gpt(config, 65), 12, DType.FLOAT32);
    CostModel.Layer gate = java.util.Objects.requireNonNull(cost.layers().get("blocks.1.mlp.inner"));
    assertThat(gate.parameters()).isEqualTo(512 + 2 * 16 * 512);
    double products = 2 * 2.0 * 12 * 64 * 16 * 512;
    assertThat(gate.cost().forwardFlops() - products).as("element by element").isBetween(12 * 64 * 512 * 5.0,
        12 * 64 * 512 * 30.0);
    // Kept: x with a number a row, RMSNorm's output, silu's slope and output, sigmoid's slope and output.
    assertThat(gate.cost().savedBytes()).isEqualTo(4L * 12 * 64 * (512 + 1 + 512 + 16 + 16 + 512 + 512));
  }

  private static long saved(CostModel cost, String layer) {
    return java.util.Objects.requireNonNull(cost.layers().get(layer)).cost().savedBytes();
  }
}
