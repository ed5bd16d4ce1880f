package norma.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.Stream;
import norma.array.Array;
import norma.array.DType;
import norma.kernels.cpu.CpuBackend;
import norma.kernels.nd4j.Nd4jBackend;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Rounding to int8 where the results are known by heart.
class RoundRowsTest {

  static Stream<Backend> backends() {
    return Stream.of(new Nd4jBackend(DType.FLOAT64, true), new Nd4jBackend(DType.FLOAT32, true),
        new CpuBackend(1, true));
  }

  /// Scales 1, 2 and none: 127 steps reach the largest of the row.
  @ParameterizedTest
  @MethodSource("backends")
  void theLargestOfARowIs127StepsAndHalvesGoToEvenNumbers(Backend backend) {
    double[] x = rows(new double[]{ 1.5, -0.5, 2.5, 0.4, -127 }, new double[]{ 254, 3, -1, 5.1, 0.9 }, new double[5]);
    double[] y = rows(new double[]{ 2, 0, 2, 0, -127 }, new double[]{ 254, 4, 0, 6, 0 }, new double[5]);
    try (Workbench bench = new Workbench(backend)) {
      Array out = bench.unwritten(3, 40);
      Array in = bench.array(x, 3, 40);
      bench.run(() -> bench.kernels().roundRows(in, out));
      assertThat(bench.read(out)).usingComparatorWithPrecision(1e-12).containsExactly(y);
    }
  }

  /// Each given row eight times side by side, longer than a vector.
  private static double[] rows(double[]... rows) {
    return Arrays.stream(rows)
        .flatMapToDouble(row -> java.util.stream.IntStream.range(0, 40).mapToDouble(i -> row[i % 5]))
        .toArray();
  }
}
