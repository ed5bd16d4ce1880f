package norma.models;

import static org.assertj.core.api.Assertions.assertThat;

import norma.array.DType;
import norma.models.GptConfig.Activation;
import norma.models.GptConfig.EmbeddingScale;
import norma.nn.NormSpec;
import org.junit.jupiter.api.Test;

class CostModelTest {
  private static final GptConfig CHAR_CPU = new GptConfig(4, 4, 128, 64, 4, false, 0, Activation.GELU, true,
      EmbeddingScale.NONE, NormSlots.all(NormSpec.of("layernorm"), 4));

  @Test
  void nanoGptsCpuModelHasItsPublishedNumberOfParameters() {
    CostModel cost = CostModel.of(new Gpt(CHAR_CPU, 65), 12, DType.FLOAT32);
    assertThat(cost.parameters()).isEqualTo(804_096);
    assertThat(cost.parameters() - cost.positions()).isEqualTo(795_904);
  }

  @Test
  void productsAndAttentionOfOneStepEqualAHandCount() {
    CostModel cost = CostModel.of(new Gpt(CHAR_CPU, 65), 12, DType.FLOAT32);
    double rows = 12 * 64;
    double products = 2 * rows * (4 * 12 * 128 * 128 + 128 * 65); // forward
    double pairs = 12 * 4 * 64 * 65 / 2.0;
    double attention = 4 * pairs * 4 * 32;
    double elementwise = cost.flops() - 3 * (products + attention);
    assertThat(elementwise / cost.flops()).isBetween(0.0, 0.02);
    assertThat(cost.flops()).isBetween(3.8e9, 3.9e9);
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

  private static long saved(CostModel cost, String layer) {
    return java.util.Objects.requireNonNull(cost.layers().get(layer)).cost().savedBytes();
  }
}
