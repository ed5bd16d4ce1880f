package norma.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import norma.array.Array;
import norma.kernels.cpu.CpuBackend;
import norma.kernels.cpu.Engines;
import norma.machine.RefusedException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// A run on another CPU, or on a system that forbids machine code, is the same run: every kernel of the backend `cpu` gives the same bits
/// in plain Java and with each instruction set.
class EnginesTest {

  static List<Sizes> sizes() {
    return DefinitionTest.sizes().toList();
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void everyKernelGivesTheSameBits(Sizes sizes) throws RefusedException {
    double[][][] plain = null;
    List<CheckedCall> calls = DefinitionTest.calls(sizes);
    for (CpuBackend backend : Engines.backends()) {
      try (Workbench bench = new Workbench(backend)) {
        double[][][] actual = calls.stream().map(call -> call.run(bench)).toArray(double[][][]::new);
        plain = plain == null ? actual : plain;
        for (int i = 0; i < actual.length; i++) {
          assertThat(actual[i]).as("%s, %s", calls.get(i), backend.description()).isDeepEqualTo(plain[i]);
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
}
