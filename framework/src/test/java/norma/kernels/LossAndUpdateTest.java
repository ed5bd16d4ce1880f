package norma.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import norma.array.Array;
import norma.array.DType;
import norma.kernels.nd4j.Nd4jBackend;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The two ends of a step: cross-entropy, the gradients' norm, AdamW; and the embedding, whose ids repeat.
class LossAndUpdateTest {

  @Test
  void crossEntropyOfEqualLogitsIsTheLogarithmOfTheVocabulary() {
    try (Workbench bench = new Workbench(DType.FLOAT32)) {
      Array logits = bench.array(new double[]{ 0, 0, 0, 0, 7, 7, 7, 7 }, 2, 4);
      Array loss = bench.unwritten(DType.FLOAT64);
      Array dlogits = bench.unwritten(2, 4);
      bench.run(
          () -> bench.kernels().crossEntropy(logits, bench.ids(new int[]{ 1, 3 }, 2), 0.5, loss, dlogits));
      assertThat(bench.read(loss)[0]).isCloseTo(Math.log(4), within(1e-6));
      assertThat(bench.read(dlogits)).containsExactly(
          new double[]{ 0.125, -0.375, 0.125, 0.125, 0.125, 0.125, 0.125, -0.375 }, within(1e-7));
    }
  }

  @Test
  void crossEntropyOfLogitsOfTenThousandIsFinite() {
    try (Workbench bench = new Workbench(DType.FLOAT32)) {
      Array logits = bench.array(new double[]{ 1e4, -1e4, 0, 1e4, -1e4, 0 }, 2, 3);
      Array loss = bench.unwritten(DType.FLOAT64);
      Array dlogits = bench.unwritten(2, 3);
      bench.run(() -> bench.kernels().crossEntropy(logits, bench.ids(new int[]{ 0, 1 }, 2), 1, loss, dlogits));
      assertThat(bench.read(loss)).containsExactly(2e4);
      assertThat(bench.read(dlogits)).containsExactly(0, 0, 0, 1, -1, 0);
    }
  }

  @Test
  void aTokenOutsideTheVocabularyIsRefused() {
    try (Workbench bench = new Workbench(DType.FLOAT32)) {
      Array ids = bench.ids(new int[]{ 0, 3 }, 1, 2);
      Array tok = bench.array(new double[3], 3, 1);
      assertThatThrownBy(
          () -> bench
              .run(() -> bench.kernels().embedding(ids, tok, bench.array(new double[2], 2, 1), 0,
                  bench.unwritten(2, 1))))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  @Test
  void everyOneOfManyEqualIdsCountsInTheEmbeddingsGradient() {
    int rows = 4096;
    try (Workbench bench = new Workbench(DType.FLOAT32)) {
      int[] ids = new int[rows];
      double[] dy = new double[2 * rows];
      for (int i = 0; i < rows; i++) {
        ids[i] = i % 5 == 0 ? 1 : 2;
        dy[2 * i] = 1;
        dy[2 * i + 1] = -2;
      }
      Array dtok = bench.unwritten(4, 2);
      Array dpos = bench.unwritten(rows / 2 + 1, 2);
      bench.run(() -> bench.kernels().embeddingBackward(bench.array(dy, 2, rows / 2, 2), bench.ids(ids, 2, rows / 2),
          Grad.write(dtok), Grad.write(dpos)));
      assertThat(bench.read(dtok)).containsExactly(0, 0, 820, -1640, 3276, -6552, 0, 0);
      assertThat(bench.read(dpos)).startsWith(2, -4, 2, -4).endsWith(2, -4, 0, 0); // one position more than used
    }
  }

  /// In float32: added up one by one there, they are more than 1e-6 off.
  @ParameterizedTest
  @EnumSource
  void theSumOfSquaresOfManyNumbersIsThatOfADoubleSum(Where where) {
    Backend backend = where == Where.ND4J ? new Nd4jBackend(DType.FLOAT32, true) : where.open();
    try (Workbench bench = new Workbench(backend)) {
      double[] values = Workbench.times(1e-3, Workbench.normal(300_000, 2));
      Array x = bench.array(values, values.length);
      Array part = bench.array(values, values.length);
      double expected = 0;
      for (double value : bench.read(x)) {
        expected += 4 * value * value;
      }
      double[] actual = new double[1];
      bench.run(() -> actual[0] = bench.kernels().sumInPlace(x, List.of(part)));
      assertThat(actual[0]).isCloseTo(expected, within(1e-6 * expected));
    }
  }

  /// With an eps that is seen, and more numbers than a block or a vector takes.
  @ParameterizedTest
  @EnumSource
  void fiveStepsOfAdamWEqualAScalarLoop(Where where) {
    int size = 4_001;
    double eps = 1e-3;
    try (Workbench bench = new Workbench(where.open())) {
      double[] w = Workbench.normal(size, 3);
      double[] m = new double[size];
      double[] v = new double[size];
      Array weights = bench.array(w, size);
      Array first = bench.array(m, size);
      Array second = bench.array(v, size);
      for (int step = 1; step <= 5; step++) {
        double[] g = Workbench.times(Math.pow(10, step - 3), Workbench.normal(size, 10 + step));
        Array gradient = bench.array(g, size);
        double[] stored = bench.read(gradient);
        AdamW constants = new AdamW(0.01 * step, 0.9, 0.99, eps, 0.1, step, 0.5);
        bench.run(() -> bench.kernels().adamWInPlace(weights, gradient, first, second, constants));
        assertThat(bench.read(gradient)).isEqualTo(stored);
        for (int i = 0; i < size; i++) {
          double scaled = 0.5 * g[i];
          m[i] = 0.9 * m[i] + 0.1 * scaled;
          v[i] = 0.99 * v[i] + 0.01 * scaled * scaled;
          double mHat = m[i] / (1 - Math.pow(0.9, step));
          double vHat = v[i] / (1 - Math.pow(0.99, step));
          w[i] -= 0.01 * step * (0.1 * w[i] + mHat / (Math.sqrt(vHat) + eps));
        }
      }
      double tolerance = where.tolerance(1e-13, 1e-5);
      assertThat(bench.read(weights)).containsExactly(w, within(tolerance));
      assertThat(bench.read(first)).containsExactly(m, within(100 * tolerance));
      assertThat(bench.read(second)).containsExactly(v, within(1000 * tolerance));
    }
  }
}
