package norma.bench.gpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import norma.bench.gpu.Works.Maker;
import norma.bench.gpu.Works.Size;
import norma.kernels.Backend;
import norma.kernels.cpu.CpuBackend;
import org.junit.jupiter.api.Test;

/// Every measured call runs, and counts what it moves or multiplies.
class WorksTest {
  private static final Size SIZE = new Size(2, 8, 64);
  private static final long ARRAY = 2 * 8 * 64 * 4;

  @Test
  void everyCallRunsAndCounts() {
    try (Backend backend = new CpuBackend(1, true)) {
      Operands operands = new Operands(backend, backend.kernels());
      Map<String, Maker> all = new HashMap<>(NormWorks.all());
      all.putAll(Works.moving());
      all.putAll(Works.attending());
      all.putAll(Works.multiplying());
      assertThat(all).hasSize(15 + 8 + 2 + 4);
      all.forEach((name, maker) -> {
        Work work = maker.of(operands, SIZE);
        work.call().run();
        boolean multiplies = name.startsWith("attention") || name.startsWith("linear");
        assertThat(work.flops() > 0).as(name).isEqualTo(multiplies);
        assertThat(work.bytes()).as(name).isEqualTo(multiplies ? 0 : arrays(name) * ARRAY);
        operands.kernels().arena().reset();
      });
    }
  }

  @Test
  void timesAreOfOneCall() {
    try (Backend backend = new CpuBackend(1, false)) {
      DeviceTimer timer = new DeviceTimer(backend.kernels());
      Runnable twoMillis = () -> {
        long end = System.nanoTime() + 2_000_000;
        while (System.nanoTime() < end) {
          Thread.onSpinWait();
        }
      };
      assertThat(timer.seconds(List.of(twoMillis, twoMillis))).isGreaterThanOrEqualTo(0.002);
    }
  }

  private static long arrays(String name) {
    if (name.equals("AdamW")) {
      return 7L * 12 * 6 * 64 * 64 * 4 / ARRAY;
    }
    if (name.startsWith("embedding")) {
      return 1;
    }
    return name.endsWith("residual")
        ? 4
        : name.endsWith("backward") || name.startsWith("GELU") || name.endsWith("add") ? 3 : 2;
  }
}
