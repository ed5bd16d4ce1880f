package norma.ops;

import norma.array.Array;
import norma.kernels.Kernels;
import org.jspecify.annotations.Nullable;

/// RMSNorm (arXiv:1910.07467). Inputs: x (..., C), weight (C), and bias (C) if there is one.
///
/// @param eps added to the mean square
public record RmsNorm(double eps) implements NormOp<RmsNorm.Saved> {

  /// @param rstd (R)
  public record Saved(Array x, Array weight, @Nullable Array bias, Array rstd) {}

  @Override
  public Output<Saved> forward(Kernels kernels, Array... inputs) {
    Array x = inputs[0];
    Array bias = inputs.length > 2 ? inputs[2] : null;
    Array y = kernels.empty(x.shape());
    Array rstd = kernels.statistics(x.rows());
    kernels.rmsNorm(x, inputs[1], bias, eps, y, rstd);
    return new Output<>(y, new Saved(x, inputs[1], bias, rstd));
  }

  @Override
  public void backward(Kernels kernels, Saved saved, Array dy, Gradients gradients) {
    kernels.rmsNormBackward(dy, saved.x, saved.weight, saved.rstd, gradients.into(0), gradients.into(1),
        saved.bias == null ? null : gradients.into(2));
  }

  @Override
  public double forwardFlops() {
    return 4; // mean square 2, scale 1, weight 1
  }

  @Override
  public double backwardFlops() {
    return 9; // n 1, g 1, row sum 2, dx 3, dweight 2
  }

  @Override
  public long savedBytes(Array x) {
    return (long) x.rows() * x.dtype().bytes();
  }
}
