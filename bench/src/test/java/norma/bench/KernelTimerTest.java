package norma.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.reflect.Proxy;
import java.util.List;
import norma.kernels.Kernels;
import org.junit.jupiter.api.Test;

class KernelTimerTest {
  /// By a clock that only the calls move: once in a run, and several times where they are short.
  @Test
  void timesAreOfOneCall() {
    for (long nanos : new long[]{ 1_000_000, 50_000 }) {
      long[] clock = new long[1];
      Kernels kernels = (Kernels) Proxy.newProxyInstance(Kernels.class.getClassLoader(),
          new Class<?>[]{ Kernels.class }, (_, method, arguments) -> switch (method.getName()) {
            case "mark" -> clock[0];
            case "nanos" -> arguments[0];
            default -> throw new AssertionError(method);
          });
      List<Runnable> calls = List.of(() -> clock[0] += nanos, () -> clock[0] += 3 * nanos);
      assertThat(new KernelTimer(kernels, 0.03).seconds(calls)).isCloseTo(2e-9 * nanos, within(1e-12));
    }
  }
}
