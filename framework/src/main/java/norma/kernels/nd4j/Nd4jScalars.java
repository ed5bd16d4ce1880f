package norma.kernels.nd4j;

import static norma.kernels.nd4j.Nd4jMath.matrix;
import static norma.kernels.nd4j.Nd4jMath.number;
import static norma.kernels.nd4j.Nd4jMath.store;
import static norma.kernels.nd4j.Nd4jMath.storeSum;

import norma.array.Array;
import norma.kernels.DropMask;
import norma.kernels.Grad;
import norma.kernels.ScalarKernels;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/// The definition of the element-wise primitives, as compositions of ND4J operations.
interface Nd4jScalars extends ScalarKernels {

  @Override
  default void add(Array a, Array b, Array y) {
    flat(a).addi(flat(b), flat(y));
  }

  @Override
  default void scale(Array x, Array s, Array y) {
    flat(x).muli(number(s), flat(y));
  }

  @Override
  default void scaleBackward(Array dy, Array x, Array s, @Nullable Grad dx, @Nullable Grad ds) {
    store(dx, flat(dy).mul(number(s)));
    storeSum(ds, matrix(dy).mul(matrix(x)));
  }

  @Override
  default void multiply(Array x, double factor, Grad y) {
    store(y, flat(x).mul(factor));
  }

  @Override
  default void multiply(Array a, Array b, Grad y) {
    store(y, flat(a).mul(flat(b)));
  }

  @Override
  default void dropout(Array x, DropMask mask, Grad y) {
    store(y, flat(x).mul(factors(mask, x.size(), flat(x))));
  }

  @Override
  default void takeColumns(Array x, int from, Array y) {
    matrix(y).assign(columns(x, from, y.dim(-1)));
  }

  @Override
  default void putColumns(Array x, int from, Grad y) {
    INDArray target = columns(y.array(), from, x.dim(-1));
    if (y.add()) {
      target.addi(matrix(x));
    } else {
      target.assign(matrix(x));
    }
  }

  @Override
  default void fill(Array x, double value) {
    flat(x).assign(value);
  }

  private static INDArray flat(Array x) {
    return x.reshape(Math.toIntExact(x.size())).nd4j();
  }

  private static INDArray columns(Array x, int from, int count) {
    return x.nd4jView(from, new long[]{ x.rows(), count }, new long[]{ x.dim(-1), 1 });
  }

  /// The factors of a mask, as an array like `model`.
  static INDArray factors(DropMask mask, long size, INDArray model) {
    double[] factors = new double[Math.toIntExact(size)];
    for (int i = 0; i < factors.length; i++) {
      factors[i] = mask.factor(i);
    }
    return Nd4j.createFromArray(factors).castTo(model.dataType());
  }
}
