package norma.kernels;

import static norma.kernels.DefinitionTest.assertClose;
import static norma.kernels.DefinitionTest.floor;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import norma.array.Array;
import norma.array.DType;
import norma.kernels.cpu.CpuBackend;
import norma.kernels.cpu.Engines;
import norma.machine.RefusedException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The backend `cpu` against the definition in float64, at sizes around the edges of tiles and vectors. A run on another CPU is the same
/// run: plain Java and each instruction set give the same bits.
class FusedKernelsTest {
  /// Bytes of views and records, most for each head of attention.
  private static final long ALLOCATION = 64_000;
  private static final int CALLS = 20;

  static Stream<Sizes> sizes() {
    return Stream.concat(Sizes.all().stream(), Sizes.extreme().stream());
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void everyKernelIsCloseToTheDefinitionWithTheSameBitsOnEveryEngine(Sizes sizes) throws RefusedException {
    List<CheckedCall> calls = DefinitionTest.calls(sizes);
    List<List<double[][]>> results = new ArrayList<>(); // by engine and call
    for (CpuBackend backend : Engines.backends()) {
      try (Workbench bench = new Workbench(backend)) {
        results.add(calls.stream().map(call -> call.run(bench)).toList());
      }
    }
    try (Workbench twice = new Workbench(DType.FLOAT64)) {
      for (int i = 0; i < calls.size(); i++) {
        double[][] plain = results.getFirst().get(i);
        assertClose(calls.get(i), plain, calls.get(i).exact(twice), 2e-5, floor(calls.get(i)));
        for (int engine = 1; engine < results.size(); engine++) {
          for (int k = 0; k < plain.length; k++) {
            assertThat(results.get(engine).get(i)[k]).as("%s, output %d, engine %d", calls.get(i), k, engine)
                .isEqualTo(plain[k]);
          }
        }
      }
    }
  }

  /// Around a row of sixty-four elements and a block of sums.
  @ParameterizedTest
  @ValueSource(ints = { 1, 63, 64, 65, 1000, 16384, 16448, 40001 })
  void updatesGiveTheSameBits(int size) throws RefusedException {
    List<double[]> plain = null;
    for (CpuBackend backend : Engines.backends()) {
      try (Workbench bench = new Workbench(backend)) {
        List<Array> arrays = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
          arrays.add(bench.array(Workbench.normal(size, i), size));
        }
        double squares = bench.kernels().sumInPlace(arrays.getFirst(), arrays.subList(1, 4));
        Array v = bench.array(new double[size], size);
        bench.kernels().adamWInPlace(arrays.get(1), arrays.get(0), arrays.get(2), v,
            new AdamW(1e-3, 0.9, 0.99, 1e-8, 0.1, 3, 0.5));
        bench.kernels().mix(0.9, v, 0.5, arrays.get(0), v);
        List<double[]> actual = new ArrayList<>(List.of(new double[]{ squares }, bench.read(v)));
        arrays.forEach(array -> actual.add(bench.read(array)));
        plain = Objects.requireNonNullElse(plain, actual);
        for (int i = 0; i < actual.size(); i++) {
          assertThat(actual.get(i)).as("%d of %s", i, backend.description()).isEqualTo(plain.get(i));
        }
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
}
