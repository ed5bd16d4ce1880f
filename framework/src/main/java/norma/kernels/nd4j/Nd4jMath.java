package norma.kernels.nd4j;

import norma.array.Array;
import norma.kernels.Grad;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.blas.params.MMulTranspose;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.reduce.Mmul;
import org.nd4j.linalg.factory.Nd4j;

/// What the definitions share: matrices of ND4J over arrays of ours, products, column sums, gradient stores.
final class Nd4jMath {
  private Nd4jMath() {}

  /// The array as a matrix of its rows; a scalar as one row of one column.
  static INDArray matrix(Array x) {
    return x.reshape(x.rows(), x.rank() == 0 ? 1 : x.dim(-1)).nd4j();
  }

  /// A vector as one row, for broadcasting over rows.
  static INDArray row(Array x) {
    return x.reshape(1, x.dim(0)).nd4j();
  }

  /// The value of a scalar array.
  static double number(Array scalar) {
    return scalar.reshape(1).nd4j().getDouble(0);
  }

  /// Product over the last two dimensions, into `out`. Never `mmuli`: it copies and transposes.
  static void product(INDArray a, boolean transposeA, INDArray b, boolean transposeB, INDArray out) {
    Nd4j.exec(new Mmul(a, b, out, MMulTranspose.builder().transposeA(transposeA).transposeB(transposeB).build()));
  }

  /// Product over the last two dimensions, in new memory.
  static INDArray product(INDArray a, boolean transposeA, INDArray b, boolean transposeB) {
    long[] shape = a.shape().clone();
    int last = shape.length - 1;
    shape[last - 1] = a.size(transposeA ? last : last - 1);
    shape[last] = b.size(transposeB ? last - 1 : last);
    INDArray out = Nd4j.create(a.dataType(), shape, 'c');
    product(a, transposeA, b, transposeB, out);
    return out;
  }

  /// Writes or adds `value`, in the shape of the gradient.
  static void store(@Nullable Grad grad, INDArray value) {
    if (grad != null) {
      grad.put(value);
    }
  }

  /// Writes or adds the sums over rows. By a product with ones: ND4J's `sum(0)` reaches 4 GB/s.
  static void storeColumnSums(@Nullable Grad grad, INDArray matrix) {
    if (grad != null) {
      store(grad, product(Nd4j.ones(matrix.dataType(), 1, matrix.rows()), false, matrix, false));
    }
  }

  /// Writes or adds the sum of all elements, in two levels: ND4J's whole-array sum in float32 is up to 10 % off.
  static void storeSum(@Nullable Grad grad, INDArray matrix) {
    if (grad != null) {
      store(grad, matrix.sum(true, 1).castTo(org.nd4j.linalg.api.buffer.DataType.DOUBLE).sum(true, 0)
          .castTo(matrix.dataType()));
    }
  }
}
