package norma.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import norma.array.Array;
import norma.array.DType;
import norma.kernels.cpu.CpuBackend;
import norma.kernels.cpu.ProductEngine;
import norma.machine.RefusedException;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Linear layers in bfloat16 on CPUs that have it; TilesTest has the code for the others.
class Bf16Test {
  @BeforeAll
  static void theCpuHasTheProduct() throws RefusedException {
    Assumptions.assumeTrue(ProductEngine.here().hasBf16(),
        "products of bfloat16 need AVX512-BF16; here: " + ProductEngine.here().description());
  }

  private static Workbench bf16() {
    return new Workbench(new CpuBackend(1, OptionalInt.empty(), true, true));
  }

  /// Whole numbers up to 256 and their sums are exact in bfloat16.
  @ParameterizedTest
  @CsvSource({ "1, 1, 1", "3, 5, 7", "16, 32, 16", "33, 17, 65" })
  void smallWholeNumbersAreExact(int rows, int in, int out) {
    try (Workbench bench = bf16(); Workbench twice = new Workbench(DType.FLOAT64)) {
      double[][] exact = products(twice, rows, in, out, false);
      assertThat(products(bench, rows, in, out, false)).isDeepEqualTo(exact);
      assertThat(products(bench, rows, in, out, true)).as("with prepared weights").isDeepEqualTo(exact);
    }
  }

  /// y, and what dx, dw and db become when they are added to ones.
  private static double[][] products(Workbench bench, int rows, int in, int out, boolean prepare) {
    Array x = bench.array(whole(rows * in, 1), rows, in);
    Array w = bench.array(whole(out * in, 2), out, in);
    Array b = bench.array(whole(out, 3), out);
    Array dy = bench.array(whole(rows * out, 4), rows, out);
    Array y = bench.unwritten(rows, out);
    Array dx = bench.array(ones(rows * in), rows, in);
    Array dw = bench.array(ones(out * in), out, in);
    Array db = bench.array(ones(out), out);
    bench.run(() -> {
      if (prepare) {
        bench.kernels().prepare(w);
      }
      bench.kernels().linear(x, w, b, y);
      bench.kernels().linearBackward(dy, x, w, Grad.add(dx), Grad.add(dw), Grad.add(db));
    });
    return new double[][]{ bench.read(y), bench.read(dx), bench.read(dw), bench.read(db) };
  }

  /// A product with the unit matrix rounds, and does nothing else.
  private static double[] rounded(double... x) {
    int n = x.length;
    double[] unit = new double[n * n];
    for (int i = 0; i < n; i++) {
      unit[i * n + i] = 1;
    }
    try (Workbench bench = bf16()) {
      Array y = bench.unwritten(1, n);
      Array operand = bench.array(x, 1, n);
      Array w = bench.array(unit, n, n);
      bench.run(() -> bench.kernels().linear(operand, w, null, y));
      return bench.read(y);
    }
  }

  @Test
  void roundsToTheNearest() {
    SplittableRandom random = new SplittableRandom(5);
    double[] x = random.doubles(100, -8, 8).map(v -> v * Math.pow(10, random.nextInt(-6, 6))).toArray();
    double[] y = rounded(x);
    for (int i = 0; i < x.length; i++) {
      double ulp = Math.scalb(1.0, Math.getExponent(x[i]) - 7); // 8 bits of significand
      assertThat(y[i]).isCloseTo(x[i], within(ulp / 2));
      assertThat(y[i] / ulp).as("a multiple of the last bit").isEqualTo(Math.rint(y[i] / ulp));
    }
  }

  @Test
  void tiesGoToEven() {
    double last = 0x1p-7;
    assertThat(rounded(1 + last / 2, 1 + 3 * last / 2, -1 - last / 2, 1 + last / 2 + 0x1p-20))
        .containsExactly(1, 1 + 2 * last, -1, 1 + last);
  }

  @ParameterizedTest
  @ValueSource(doubles = { Double.NaN, Double.POSITIVE_INFINITY })
  void whatIsNotFiniteIsNotHidden(double bad) {
    for (int n : new int[]{ 1, 40 }) { // alone, and within vectors
      double[] x = new double[n];
      Arrays.fill(x, bad);
      assertThat(Arrays.stream(rounded(x)).filter(Double::isFinite)).isEmpty();
    }
  }

  private static double[] whole(int size, long seed) {
    return new SplittableRandom(seed).ints(size, -1, 2).asDoubleStream().toArray();
  }

  private static double[] ones(int size) {
    double[] ones = new double[size];
    Arrays.fill(ones, 1);
    return ones;
  }
}
