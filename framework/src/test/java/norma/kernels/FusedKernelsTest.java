package norma.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import norma.array.Array;
import norma.array.DType;
import norma.kernels.cpu.CpuBackend;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The fused kernels against the definition in float64, at sizes around the edges of tiles and vectors.
class FusedKernelsTest {
  private static final double FLOOR = 1e-30;
  /// Bytes of views and records, most for each head of attention.
  private static final long ALLOCATION = 64_000;
  private static final int CALLS = 100;

  static Stream<Sizes> sizes() {
    return DefinitionTest.sizes();
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void everyKernelIsCloseToTheDefinition(Sizes sizes) {
    try (Workbench fused = new Workbench(new CpuBackend(1, true)); Workbench twice = new Workbench(DType.FLOAT64)) {
      for (CheckedCall call : DefinitionTest.calls(sizes)) {
        DefinitionTest.assertClose(call, call.run(fused), call.exact(twice), 2e-5, floor(call));
      }
    }
  }

  @Test
  void warmKernelsMakeFewObjects() {
    Sizes sizes = new Sizes(4, 32, 128, 1);
    List<String> failures = new ArrayList<>();
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (Workbench bench = new Workbench(new CpuBackend(1, false))) {
      for (CheckedCall call : DefinitionTest.calls(sizes)) {
        Array[] in = call.inputsOn(bench);
        Grad[] out = new Grad[call.outputs()];
        Arrays.setAll(out, i -> Grad.write(call.unwritten(bench, i)));
        call.run(bench, in, out); // which makes its code
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < CALLS; i++) {
          call.run(bench, in, out);
        }
        long bytes = (threads.getCurrentThreadAllocatedBytes() - before) / CALLS;
        if (bytes > ALLOCATION) {
          failures.add(call + ": " + bytes + " bytes a call");
        }
      }
      assertThat(failures).isEmpty();
    }
  }

  /// ND4J's tanh is exact up to 1e-16 only.
  static double floor(CheckedCall call) {
    return call.kernel().endsWith(" dyt") ? 1e-16 : FLOOR;
  }
}
