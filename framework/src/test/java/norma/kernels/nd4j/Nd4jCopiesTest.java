package norma.kernels.nd4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import norma.array.Array;
import norma.array.DType;
import norma.kernels.Backend;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The way that copies take with ND4J's CUDA build gives what the direct way gives.
class Nd4jCopiesTest {

  @ParameterizedTest
  @EnumSource(names = { "FLOAT32", "FLOAT64" })
  void fractionsOfAWindow(DType dtype) {
    try (Backend backend = new Nd4jBackend(DType.FLOAT64, false)) {
      Array whole = backend.allocate(dtype, 4, 5);
      Array window = whole.slice(3, 2, 4);
      double[] values = { 0.1, -2, 3e-30, 4, 5, 6.25, Double.NaN, 8 };
      Nd4jCopies.write(window, values);
      double[] kept = Arrays.stream(values).map(value -> dtype == DType.FLOAT32 ? (float) value : value).toArray();
      assertThat(backend.read(window)).containsExactly(kept);
      assertThat(Nd4jCopies.read(window)).containsExactly(kept);
      assertThat(Nd4jCopies.read(whole)).containsExactly(backend.read(whole));
      assertThat(backend.read(whole)[2]).isZero();
      assertThat(backend.read(whole)[11]).isZero();
    }
  }

  @Test
  void integersOfAWindow() {
    try (Backend backend = new Nd4jBackend(DType.FLOAT32, false)) {
      Array whole = backend.allocate(DType.INT32, 10);
      Array window = whole.slice(1, 2, 3);
      int[] values = { 1, -2, 3, Integer.MAX_VALUE, 1 << 24 | 1, 6 };
      Nd4jCopies.write(window, values);
      assertThat(Nd4jCopies.readIntegers(window)).containsExactly(values);
      assertThat(backend.read(window)).containsExactly(Arrays.stream(values).asDoubleStream().toArray());
      assertThat(backend.read(whole)[7]).isZero();
      assertThatThrownBy(() -> Nd4jCopies.write(window, new double[6])).hasMessageContaining("fractions cannot go to");
    }
  }

  @Test
  void aScalar() {
    try (Backend backend = new Nd4jBackend(DType.FLOAT32, false)) {
      Array scalar = backend.allocate(DType.FLOAT64);
      Nd4jCopies.write(scalar, new double[]{ 7 });
      assertThat(Nd4jCopies.read(scalar)).containsExactly(7);
    }
  }
}
