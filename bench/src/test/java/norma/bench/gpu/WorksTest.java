package norma.bench.gpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import norma.bench.Operands;
import norma.kernels.Backend;
import norma.kernels.KernelCall;
import norma.kernels.KernelCalls;
import norma.kernels.Kernels;
import norma.kernels.cpu.CpuBackend;
import org.junit.jupiter.api.Test;

/// Every measured call runs, and counts what it moves or multiplies.
class WorksTest {
  private static final KernelCalls SIZE = new KernelCalls(2, 8, 64, 1);
  private static final long ARRAY = 2 * 8 * 64 * 4;
  private static final long IDS = 2 * 8 * 4;
  private static final long TABLES = (65 + 8) * 64 * 4;

  @Test
  void everyCallRunsAndCounts() {
    try (Backend backend = new CpuBackend(1, true)) {
      Kernels kernels = backend.kernels();
      Operands operands = new Operands(backend, kernels);
      Map<String, Function<KernelCalls, KernelCall>> all = new HashMap<>(Works.norms());
      all.putAll(Works.moving());
      all.putAll(Works.attending());
      all.putAll(Works.multiplying());
      assertThat(all).hasSize(15 + 8 + 2 + 4);
      all.forEach((name, maker) -> {
        KernelCall call = maker.apply(SIZE);
        operands.bind(call).run();
        boolean multiplies = name.startsWith("attention") || name.startsWith("linear");
        assertThat(call.flops() > 0).as(name).isEqualTo(multiplies);
        if (!multiplies) {
          assertThat(call.bytes(kernels, backend.dtype())).as(name).isEqualTo(bytes(name));
        }
        kernels.arena().reset();
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

  private static long bytes(String name) {
    return switch (name) {
      case "AdamW" -> 7L * 12 * 6 * 64 * 64 * 4;
      case "embedding", "embedding backward" -> ARRAY + IDS + TABLES;
      case "cross-entropy" -> 2 * ARRAY + IDS;
      case "gelu", "gelu backward" -> 3 * 4 * ARRAY;
      case "residual add" -> 3 * ARRAY;
      default -> (name.endsWith("residual") ? 4 : name.endsWith("backward") ? 3 : 2) * ARRAY;
    };
  }
}
