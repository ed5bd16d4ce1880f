package norma.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import norma.kernels.Backend;
import norma.kernels.cpu.CpuBackend;
import org.junit.jupiter.api.Test;

class KernelTimerTest {
  @Test
  void timesAreOfOneCall() {
    try (Backend backend = new CpuBackend(1, false)) {
      KernelTimer timer = new KernelTimer(backend.kernels(), 0.03);
      Runnable twoMillis = () -> {
        long end = System.nanoTime() + 2_000_000;
        while (System.nanoTime() < end) {
          Thread.onSpinWait();
        }
      };
      assertThat(timer.seconds(List.of(twoMillis, twoMillis))).isBetween(0.002, 0.0035); // of one call, not of both
    }
  }
}
