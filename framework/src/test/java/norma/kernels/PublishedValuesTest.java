package norma.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import norma.array.Array;
import norma.array.DType;
import norma.formula.Formula;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Values computed outside of the project.
class PublishedValuesTest {
  private static final double[] X = { -3, -1, -0.1, 0, 0.2, 1.5, 4 };

  @ParameterizedTest
  @EnumSource(names = { "FLOAT32", "FLOAT64" })
  void dytOfAlphaOneHalf(DType dtype) {
    try (Workbench bench = new Workbench(dtype)) {
      Array y = bench.unwritten(1, 7);
      bench.run(() -> run(bench, Formulas.dyt(false), y, row(bench), ones(bench), scalar(bench, 0.5)));
      assertThat(bench.read(y)).containsExactly(
          new double[]{ -0.905148254, -0.462117157, -0.049958375, 0, 0.099667995, 0.635148952, 0.964027580 },
          tolerance(dtype));
    }
  }

  @ParameterizedTest
  @EnumSource(names = { "FLOAT32", "FLOAT64" })
  void dyisruOfBetaFour(DType dtype) {
    double[] expected = { -0.832050294, -0.447213595, -0.049937617, 0, 0.099503719, 0.6, 0.894427191 };
    double hat = Math.log(Math.expm1(4)); // softplus(hat) = 4
    try (Workbench bench = new Workbench(dtype)) {
      Array y = bench.unwritten(1, 7);
      bench.run(() -> run(bench, Formulas.dyisru(false, false, false), y, row(bench), ones(bench), scalar(bench, 4)));
      assertThat(bench.read(y)).containsExactly(expected, tolerance(dtype));
      bench.run(() -> run(bench, Formulas.dyisru(true, false, false), y, row(bench), ones(bench), scalar(bench, hat)));
      assertThat(bench.read(y)).containsExactly(expected, tolerance(dtype));
    }
  }

  @ParameterizedTest
  @EnumSource(names = { "FLOAT32", "FLOAT64" })
  void dyisruNeitherOverflowsNorLosesASmallBeta(DType dtype) {
    try (Workbench bench = new Workbench(dtype)) {
      Array y = bench.unwritten(1, 7);
      bench.run(() -> run(bench, Formulas.dyisru(true, false, false), y, row(bench), ones(bench), scalar(bench, 900)));
      assertThat(bench.read(y)[6]).isCloseTo(4 / Math.sqrt(916), within(1e-6)); // exp(900) is infinite
      bench.run(() -> run(bench, Formulas.dyisru(true, false, false), y, row(bench), ones(bench), scalar(bench, -40)));
      assertThat(bench.read(y)[5]).isCloseTo(1, within(1e-6));
    }
  }

  @ParameterizedTest
  @EnumSource(names = { "FLOAT32", "FLOAT64" })
  void derfOfAlphaOneHalf(DType dtype) {
    try (Workbench bench = new Workbench(dtype)) {
      Array y = bench.unwritten(1, 7);
      bench.run(
          () -> run(bench, Formulas.derf(false), y, row(bench), ones(bench), scalar(bench, 0.5), scalar(bench, 0)));
      assertThat(bench.read(y)).containsExactly(
          new double[]{ -0.966105146, -0.520499878, -0.056371978, 0, 0.112462916, 0.711155634, 0.995322265 },
          tolerance(dtype));
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
      Array y = bench.unwritten(1, 7);
      Array x = bench.array(small, 1, 7);
      bench.run(() -> run(bench, Formulas.dyt(false), y, x, ones(bench), scalar(bench, 0.5)));
      for (int i = 0; i < small.length; i++) {
        assertThat(bench.read(y)[i]).isCloseTo(Math.tanh(0.5 * small[i]), within(1e-6 * Math.abs(small[i])));
      }
    }
  }

  private static void run(Workbench bench, Formula formula, Array y, Array... in) {
    Formulas.forward(bench.kernels(), formula, in, y);
  }

  private static Array row(Workbench bench) {
    return bench.array(X, 1, 7);
  }

  private static Array ones(Workbench bench) {
    return bench.array(new double[]{ 1, 1, 1, 1, 1, 1, 1 }, 7);
  }

  private static Array scalar(Workbench bench, double value) {
    return bench.array(new double[]{ value });
  }

  private static org.assertj.core.data.Offset<Double> tolerance(DType dtype) {
    return within(dtype == DType.FLOAT32 ? 1e-6 : 1e-9);
  }
}
