package norma.kernels;

import static norma.kernels.Nd4jMath.column;
import static norma.kernels.Nd4jMath.matrix;
import static norma.kernels.Nd4jMath.number;
import static norma.kernels.Nd4jMath.row;
import static norma.kernels.Nd4jMath.store;
import static norma.kernels.Nd4jMath.storeColumnSums;
import static norma.kernels.Nd4jMath.storeSum;

import norma.array.Array;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/// The definition of every norm, as a composition of simple ND4J operations. (`Nd4j.nn().layerNorm` throws, and the raw
/// operation `layer_norm` has eps = 0.)
interface Nd4jNorms extends NormKernels {

  @Override
  default void layerNorm(Array x, Array weight, @Nullable Array bias, double eps, Array y, Array mean, Array rstd) {
    INDArray m = matrix(x).mean(true, 1);
    INDArray centred = matrix(x).sub(m);
    INDArray r = Transforms.pow(centred.mul(centred).mean(true, 1).addi(eps), -0.5, false);
    column(mean).assign(m);
    column(rstd).assign(r);
    affine(centred.muli(r), weight, bias, y);
  }

  @Override
  default void layerNormBackward(Array dy, Array x, Array weight, Array mean, Array rstd, @Nullable Grad dx,
      @Nullable Grad dweight, @Nullable Grad dbias) {
    INDArray n = matrix(x).sub(column(mean)).muli(column(rstd));
    INDArray g = matrix(dy).mul(row(weight));
    INDArray along = n.mul(g.mul(n).mean(true, 1));
    store(dx, g.sub(g.mean(true, 1)).subi(along).muli(column(rstd)));
    storeColumnSums(dweight, n.muli(matrix(dy)));
    storeColumnSums(dbias, matrix(dy));
  }

  @Override
  default void rmsNorm(Array x, Array weight, @Nullable Array bias, double eps, Array y, Array rstd) {
    INDArray r = Transforms.pow(matrix(x).mul(matrix(x)).mean(true, 1).addi(eps), -0.5, false);
    column(rstd).assign(r);
    affine(matrix(x).mul(r), weight, bias, y);
  }

  @Override
  default void rmsNormBackward(Array dy, Array x, Array weight, Array rstd, @Nullable Grad dx, @Nullable Grad dweight,
      @Nullable Grad dbias) {
    INDArray n = matrix(x).mul(column(rstd));
    INDArray g = matrix(dy).mul(row(weight));
    INDArray along = n.mul(g.mul(n).mean(true, 1));
    store(dx, g.subi(along).muli(column(rstd)));
    storeColumnSums(dweight, n.muli(matrix(dy)));
    storeColumnSums(dbias, matrix(dy));
  }

  @Override
  default void dyt(Array x, Array alpha, Array weight, @Nullable Array bias, Array y) {
    affine(tanh(matrix(x).mul(number(alpha))), weight, bias, y);
  }

  @Override
  default void dytBackward(Array dy, Array x, Array alpha, Array weight, @Nullable Grad dx, @Nullable Grad dalpha,
      @Nullable Grad dweight, @Nullable Grad dbias) {
    INDArray t = tanh(matrix(x).mul(number(alpha)));
    INDArray slope = t.mul(t).rsubi(1); // d tanh(u) / du
    pointwiseBackward(dy, weight, t, slope.mul(number(alpha)), dx, dweight, dbias);
    storeSum(dalpha, matrix(dy).mul(row(weight)).muli(matrix(x)).muli(slope));
  }

  @Override
  default void dyisru(Array x, Array beta, boolean softplus, double scale, Array weight, @Nullable Array bias,
      Array y) {
    INDArray r = matrix(x).mul(matrix(x)).addi(effectiveBeta(beta, softplus));
    affine(matrix(x).mul(Transforms.pow(r, -0.5, false)).muli(scale), weight, bias, y);
  }

  @Override
  default void dyisruBackward(Array dy, Array x, Array beta, boolean softplus, double scale, Array weight,
      @Nullable Grad dx, @Nullable Grad dbeta, @Nullable Grad dweight, @Nullable Grad dbias) {
    double b = effectiveBeta(beta, softplus);
    INDArray r = matrix(x).mul(matrix(x)).addi(b);
    INDArray cubed = Transforms.pow(r, -1.5, true).muli(scale);
    INDArray f = matrix(x).mul(Transforms.pow(r, -0.5, false)).muli(scale);
    pointwiseBackward(dy, weight, f, cubed.mul(b), dx, dweight, dbias);
    double chain = softplus ? Softplus.slope(number(beta)) : 1;
    storeSum(dbeta, matrix(dy).mul(row(weight)).muli(matrix(x)).muli(cubed).muli(-0.5 * chain));
  }

  @Override
  default void derf(Array x, Array alpha, Array shift, Array weight, @Nullable Array bias, Array y) {
    affine(Nd4j.math().erf(matrix(x).mul(number(alpha)).addi(number(shift))), weight, bias, y);
  }

  @Override
  default void derfBackward(Array dy, Array x, Array alpha, Array shift, Array weight, @Nullable Grad dx,
      @Nullable Grad dalpha, @Nullable Grad dshift, @Nullable Grad dweight, @Nullable Grad dbias) {
    INDArray u = matrix(x).mul(number(alpha)).addi(number(shift));
    INDArray slope = Transforms.exp(u.mul(u).negi(), false).muli(2 / Math.sqrt(Math.PI)); // d erf(u) / du
    pointwiseBackward(dy, weight, Nd4j.math().erf(u), slope.mul(number(alpha)), dx, dweight, dbias);
    INDArray g = matrix(dy).mul(row(weight)).muli(slope);
    storeSum(dshift, g);
    storeSum(dalpha, g.muli(matrix(x)));
  }

  /// `y = weight f + bias`.
  private static void affine(INDArray f, Array weight, @Nullable Array bias, Array y) {
    INDArray scaled = f.muli(row(weight));
    matrix(y).assign(bias == null ? scaled : scaled.addi(row(bias)));
  }

  /// Gradients of `y = weight f(x) + bias` for a point-wise f with slope df/dx.
  private static void pointwiseBackward(Array dy, Array weight, INDArray f, INDArray slope, @Nullable Grad dx,
      @Nullable Grad dweight, @Nullable Grad dbias) {
    store(dx, slope.muli(matrix(dy)).muli(row(weight)));
    storeColumnSums(dweight, f.mul(matrix(dy)));
    storeColumnSums(dbias, matrix(dy));
  }

  // The custom operation: the legacy one (`Nd4j.math().tanh`) loses small numbers in float32, and all below 3e-8.
  private static INDArray tanh(INDArray x) {
    Nd4j.exec(DynamicCustomOp.builder("tanh").addInputs(x).addOutputs(x).build());
    return x;
  }

  private static double effectiveBeta(Array beta, boolean softplus) {
    return softplus ? Softplus.of(number(beta)) : number(beta);
  }
}
