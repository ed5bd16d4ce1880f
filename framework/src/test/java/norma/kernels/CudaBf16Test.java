package norma.kernels;

import static norma.kernels.Workbench.normal;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import norma.array.Array;
import norma.array.DType;
import norma.kernels.cuda.CudaBackend.Precision;
import norma.kernels.cuda.Emulator;
import norma.random.RandomStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Kernels on bfloat16 against the definition in float64 on the same numbers: a result is off by its own rounding, and by that of
/// what the tensor cores are given.
class CudaBf16Test {
  /// Half of the last of 8 bits of a number's fraction.
  private static final double ROUNDING = 0x1p-9;

  private final Workbench gpu = new Workbench(Emulator.open(Precision.BF16));
  private final Workbench twice = new Workbench(DType.FLOAT64);

  @AfterEach
  void close() {
    gpu.close();
    twice.close();
  }

  /// The tensor cores' kernels at head widths 16 to 128 in steps of 16, the others elsewhere; sequences around a tile of 64 rows.
  @ParameterizedTest
  @CsvSource({ "2, 65, 2, 16, 0", "1, 130, 1, 64, 0.3", "1, 16, 2, 128, 0", "1, 33, 1, 80, 0.3", "2, 17, 2, 12, 0.3",
      "1, 1, 3, 48, 0" })
  void attentionIsCloseToTheDefinition(int batch, int time, int heads, int width, double dropped) {
    int channels = heads * width;
    double[] qkv = rounded(normal((long) batch * time * 3 * channels, 1));
    double[] dy = rounded(normal((long) batch * time * channels, 2));
    DropMask drop = dropped == 0 ? DropMask.NONE : new DropMask(dropped, RandomStream.of(5, "dropout").at(3), 7);
    double[][] actual = attention(gpu, DType.BFLOAT16, qkv, dy, drop, batch, time, heads, channels);
    double[][] expected = attention(twice, DType.FLOAT64, qkv, dy, drop, batch, time, heads, channels);
    assertClose("lse", actual[0], expected[0], 1e-4);
    assertClose("y", actual[1], expected[1], 2 * ROUNDING);
    assertClose("dqkv", actual[2], expected[2], 4 * ROUNDING);
    assertClose("dqkv added to", actual[3], Arrays.stream(expected[2]).map(v -> v + 1).toArray(), 4 * ROUNDING);
  }

  /// On one backend: those of 64 by the tensor cores' kernels, those of 40 by the others, which are compiled for 64 too.
  @Test
  void headsOfAnotherWidthHaveTheirOwnKernels() {
    attentionIsCloseToTheDefinition(1, 17, 2, 64, 0);
    attentionIsCloseToTheDefinition(1, 17, 2, 40, 0);
  }

  private static double[][] attention(Workbench bench, DType dtype, double[] qkv, double[] dy, DropMask drop, int batch,
      int time, int heads, int channels) {
    Array in = array(bench, dtype, qkv, batch, time, 3 * channels);
    Array out = bench.unwritten(dtype, batch, time, channels);
    Array lse = bench.unwritten(bench.backend().dtype(), batch, heads, time);
    Array gradient = bench.unwritten(dtype, batch, time, 3 * channels);
    Array sum = bench.unwritten(dtype, batch, time, 3 * channels);
    Array dout = array(bench, dtype, dy, batch, time, channels);
    bench.run(() -> {
      bench.kernels().attention(in, heads, drop, out, lse);
      bench.kernels().attentionBackward(dout, in, out, lse, heads, drop, Grad.write(gradient));
      bench.kernels().fill(sum, 1);
      bench.kernels().attentionBackward(dout, in, out, lse, heads, drop, Grad.add(sum));
    });
    return new double[][]{ bench.read(lse), bench.read(out), bench.read(gradient), bench.read(sum) };
  }

  /// Muon's: nothing of them is an activation.
  @Test
  void productsOfWeightsAloneAreInTf32() {
    double[] x = normal(19 * 40, 1);
    double[] w = normal(24 * 40, 2);
    double[][] results = new double[2][];
    for (int i = 0; i < 2; i++) {
      Workbench bench = i == 0 ? gpu : twice;
      Array product = bench.unwritten(19, 24);
      bench.run(() -> bench.kernels().linear(bench.array(x, 19, 40), bench.array(w, 24, 40), null, product));
      results[i] = bench.read(product);
    }
    assertClose("y", results[0], results[1], 0x1p-11);
  }

  /// Prepared or not, weights are rounded on the way; their gradients are float32.
  @Test
  void productsAreCloseToTheDefinition() {
    int rows = 19;
    int in = 40;
    int out = 24;
    double[] x = rounded(normal((long) rows * in, 1));
    double[] w = normal((long) out * in, 2);
    double[] dy = rounded(normal((long) rows * out, 3));
    for (boolean prepared : new boolean[]{ false, true }) {
      double[][] actual = products(gpu, DType.BFLOAT16, x, w, dy, prepared, rows, in, out);
      double[][] expected = products(twice, DType.FLOAT64, x, rounded(w), dy, prepared, rows, in, out);
      assertClose("y", actual[0], expected[0], 2 * ROUNDING);
      assertClose("dx", actual[1], expected[1], 2 * ROUNDING);
      assertClose("dw", actual[2], expected[2], 1e-5);
      assertClose("db", actual[3], expected[3], 1e-5);
    }
  }

  private static double[][] products(Workbench bench, DType dtype, double[] x, double[] w, double[] dy,
      boolean prepared, int rows, int in, int out) {
    Array input = array(bench, dtype, x, rows, in);
    Array weight = bench.array(w, out, in);
    Array gradient = array(bench, dtype, dy, rows, out);
    Array y = bench.unwritten(dtype, rows, out);
    Array dx = bench.unwritten(dtype, rows, in);
    Array dw = bench.unwritten(out, in);
    Array db = bench.unwritten(out);
    if (prepared) {
      bench.kernels().prepare(weight);
    }
    bench.run(() -> {
      bench.kernels().linear(input, weight, null, y);
      bench.kernels().linearBackward(gradient, input, weight, Grad.write(dx), Grad.write(dw), Grad.write(db));
    });
    bench.backend().weightsChanged();
    return new double[][]{ bench.read(y), bench.read(dx), bench.read(dw), bench.read(db) };
  }

  /// Rows of weights and rows of activations alike.
  @Test
  void roundedRowsHaveAtMost255Values() {
    double[] w = normal(3 * 300, 4);
    Array weight = gpu.array(w, 3, 300);
    Array rounded = gpu.unwritten(3, 300);
    gpu.kernels().roundRows(weight, rounded);
    Array definition = twice.array(w, 3, 300);
    Array expected = twice.unwritten(3, 300);
    twice.run(() -> twice.kernels().roundRows(definition, expected));
    assertClose("rows", gpu.read(rounded), twice.read(expected), 1e-6);
  }

  private static Array array(Workbench bench, DType dtype, double[] values, int... shape) {
    Array array = bench.backend().allocate(dtype, shape);
    bench.backend().write(array, values);
    return array;
  }

  /// To the nearest bfloat16; none of these lies in the middle of two.
  private static double[] rounded(double[] values) {
    return Arrays.stream(values)
        .map(v -> Float.intBitsToFloat(Float.floatToRawIntBits((float) v) + 0x8000 & 0xFFFF0000)).toArray();
  }

  /// To within a share of the largest magnitude.
  private static void assertClose(String name, double[] actual, double[] expected, double tolerance) {
    assertThat(actual).as(name).hasSameSizeAs(expected);
    assertThat(Workbench.difference(actual, expected) / Workbench.largest(expected))
        .as("%s: largest difference over the largest number", name).isLessThan(tolerance);
  }
}
