package norma.train.run;

import static org.assertj.core.api.Assertions.assertThat;

import norma.array.DType;
import norma.kernels.cpu.CpuBackend;
import norma.models.CostModel;
import norma.models.Gpt;
import norma.train.config.RunConfig;
import org.junit.jupiter.api.Test;

class MemoryNeedTest {
  private static final long GIB = 1L << 30;

  @Test
  void weightsGradientsOfEachShardAndOfTheProbeAndMomentsAreCounted() {
    try (CpuBackend backend = new CpuBackend(2, false)) {
      MemoryNeed need = MemoryNeed.of(RunConfig.DEFAULT, new Gpt(RunConfig.DEFAULT.model(), 65), backend);
      assertThat(need.parameters()).isEqualTo(804_096);
      assertThat(need.state()).isEqualTo((1 + backend.shards() + 1 + 2) * 4L * 804_096);
      Gpt gpt = new Gpt(RunConfig.DEFAULT.model(), 65);
      assertThat(need.activations())
          .as("a pass of each thread over a shard's 3 sequences; keys and values of 4 blocks, 64 tokens, 128 channels")
          .isEqualTo(2 * CostModel.of(gpt, 3, DType.FLOAT32).savedBytes() + 2L * 4 * 64 * 128 * 4)
          .isBetween(3L << 20, 60L << 20);
      assertThat(need.heap()).isEqualTo(4L * 804_096 + 8 * 512 * 128);
      assertThat(need.problem(GIB, "this machine", GIB)).isEmpty();
    }
  }

  @Test
  void theMessageSaysWhatIsNeededWhatThereIsAndWhatLowersIt() {
    assertThat(new MemoryNeed(500_000_000, 1, 14 * GIB, 3 * GIB, 0).problem(16 * GIB, "this machine", GIB)).hasValue(
        "out of memory: training needs at least 17.0 GiB (14.0 GiB for 500,000,000 parameters with gradients and moments, "
            + "3.0 GiB for activations), this machine has 16.0 GiB: lower model.width or model.layers");
    assertThat(new MemoryNeed(500_000_000, 4, 14 * GIB, 3 * GIB, 0).problem(16 * GIB, "this machine", GIB)).get()
        .asString()
        .endsWith("this machine has 16.0 GiB: lower runtime.shards (2 at least), model.width or model.layers");
    assertThat(new MemoryNeed(800_000, 4, GIB, 30 * GIB, 0).problem(16 * GIB, "this machine", GIB)).get().asString()
        .endsWith("this machine has 16.0 GiB: lower runtime.threads, model.context or model.width");
    assertThat(new MemoryNeed(800_000, 1, GIB, 30 * GIB, 0).problem(16 * GIB, "this machine", GIB)).get().asString()
        .endsWith(
            "this machine has 16.0 GiB: lower train.batch (train.accumulate makes up for it), model.context or model.width");
    assertThat(new MemoryNeed(500_000_000, 4, GIB, 2 * GIB, 3 * GIB).problem(16 * GIB, "this machine", 2 * GIB))
        .hasValue("out of memory: a checkpoint of 500,000,000 parameters needs 3.0 GiB of Java heap, which may have "
            + "2.0 GiB: JDK_JAVA_OPTIONS=-Xmx5g gives it more, or lower model.width or model.layers");
    assertThat(new MemoryNeed(3_000_000_000L, 4, 0, 0, 0).problem(1L << 50, "this machine", 1L << 50)).hasValue(
        "out of memory: the model has 3,000,000,000 parameters; expected at most 2,147,483,647: lower model.width or model.layers");
    assertThat(new MemoryNeed(1, 4, 8 * GIB, 8 * GIB, GIB).problem(16 * GIB, "this machine", GIB)).isEmpty();
  }
}
