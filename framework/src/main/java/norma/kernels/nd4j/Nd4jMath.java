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

  /// The array as a matrix of its rows; a vector as one row, a scalar as one row of one column.
  static INDArray matrix(Array x) {
    return x.reshape(x.rows(), x.rank() == 0 ? 1 : x.dim(-1)).nd4j();
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

  /// The sums over rows as one row, by a product with ones: ND4J's `sum(0)` reaches 4 GB/s.
  static INDArray columnSums(INDArray matrix) {
    return product(Nd4j.ones(matrix.dataType(), 1, matrix.rows()), false, matrix, false);
  }

  /// Writes or adds `value`, in the shape of the gradient.
  static void store(@Nullable Grad grad, INDArray value) {
    if (grad != null) {
      grad.put(value);
    }
  }
}
