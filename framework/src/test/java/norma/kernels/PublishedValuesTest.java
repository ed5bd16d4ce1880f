package norma.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import norma.array.Array;
import norma.array.DType;
import norma.formula.Formula;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Values computed outside of the project.
class PublishedValuesTest {
  private static final double[] X = { -3, -1, -0.1, 0, 0.2, 1.5, 4 };

  static Stream<Arguments> squashes() {
    double[] dyisru = { -0.832050294, -0.447213595, -0.049937617, 0, 0.099503719, 0.6, 0.894427191 };
    double hat = Math.log(Math.expm1(4)); // softplus(hat) = 4
    return Stream.of(
        argumentSet("DyT, alpha 0.5", Formulas.of("dyt", false), new double[]{ 0.5 },
            new double[]{ -0.905148254, -0.462117157, -0.049958375, 0, 0.099667995, 0.635148952, 0.964027580 }),
        argumentSet("DyISRU, beta 4", Formulas.dyisru(false, false, false), new double[]{ 4 }, dyisru),
        argumentSet("DyISRU, softplus 4", Formulas.dyisru(true, false, false), new double[]{ hat }, dyisru),
        argumentSet("Derf, alpha 0.5", Formulas.of("derf", false), new double[]{ 0.5, 0 },
            new double[]{ -0.966105146, -0.520499878, -0.056371978, 0, 0.112462916, 0.711155634, 0.995322265 }));
  }

  @ParameterizedTest
  @MethodSource("squashes")
  void aSquashHasItsPublishedValues(Formula formula, double[] scalars, double[] expected) {
    for (DType dtype : List.of(DType.FLOAT32, DType.FLOAT64)) {
      try (Workbench bench = new Workbench(dtype)) {
        assertThat(y(bench, formula, X, scalars)).as("%s", dtype).containsExactly(expected, tolerance(dtype));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = { "FLOAT32", "FLOAT64" })
  void dyisruNeitherOverflowsNorLosesASmallBeta(DType dtype) {
    try (Workbench bench = new Workbench(dtype)) {
      Formula formula = Formulas.dyisru(true, false, false);
      assertThat(y(bench, formula, X, 900)[6]).isCloseTo(4 / Math.sqrt(916), within(1e-6)); // exp(900) is infinite
      assertThat(y(bench, formula, X, -40)[5]).isCloseTo(1, within(1e-6));
    }
  }

  @ParameterizedTest
  @EnumSource(names = { "FLOAT32", "FLOAT64" })
  void exactGeluIsXTimesTheNormalDistributionFunction(DType dtype) {
    try (Workbench bench = new Workbench(dtype)) {
      Array y = bench.unwritten(1, 5);
      Array slope = bench.unwritten(1, 5);
      Array x = bench.array(new double[]{ -3, -0.5, 0, 1, 2 }, 1, 5);
      bench.run(
          () -> Formulas.forward(bench.kernels(), Formula.activation("gelu(x)", false), new Array[]{ x }, y, slope));
      assertThat(bench.read(y)).containsExactly(
          new double[]{ -0.004049694, -0.154268770, 0, 0.841344746, 1.954499736 }, tolerance(dtype));
      // Phi(x) + x phi(x)
      assertThat(bench.read(slope)).containsExactly(
          new double[]{ -0.011945647, 0.132504875, 0.5, 1.083315471, 1.085231801 }, tolerance(dtype));
    }
  }

  @ParameterizedTest
  @EnumSource(names = { "FLOAT32", "FLOAT64" })
  void dytOfSmallNumbersIsAlphaTimesThem(DType dtype) {
    try (Workbench bench = new Workbench(dtype)) {
      double[] small = { 1e-3, -1e-4, 1e-5, -1e-6, 1e-7, 3e-8, -1e-8 };
      double[] y = y(bench, Formulas.of("dyt", false), small, 0.5);
      for (int i = 0; i < small.length; i++) {
        assertThat(y[i]).isCloseTo(Math.tanh(0.5 * small[i]), within(1e-6 * Math.abs(small[i])));
      }
    }
  }

  /// A row of a formula whose weight is 1.
  private static double[] y(Workbench bench, Formula formula, double[] x, double... scalars) {
    double[] ones = new double[x.length];
    Arrays.fill(ones, 1);
    List<Array> in = new ArrayList<>(List.of(bench.array(x, 1, x.length), bench.array(ones, x.length)));
    for (double scalar : scalars) {
      in.add(bench.array(new double[]{ scalar }));
    }
    Array y = bench.unwritten(1, x.length);
    bench.run(() -> Formulas.forward(bench.kernels(), formula, in.toArray(Array[]::new), y));
    return bench.read(y);
  }

  private static org.assertj.core.data.Offset<Double> tolerance(DType dtype) {
    return within(dtype == DType.FLOAT32 ? 1e-6 : 1e-9);
  }
}
