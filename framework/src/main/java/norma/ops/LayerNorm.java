package norma.ops;

import norma.array.Array;
import norma.kernels.Kernels;
import org.jspecify.annotations.Nullable;

/// LayerNorm (arXiv:1607.06450). Inputs: x (..., C), weight (C), and bias (C) if there is one.
///
/// @param eps added to the variance
public record LayerNorm(double eps) implements NormOp<LayerNorm.Saved> {

  /// @param mean (R)
  /// @param rstd (R)
  public record Saved(Array x, Array weight, @Nullable Array bias, Array mean, Array rstd) {}

  @Override
  public Output<Saved> forward(Kernels kernels, Array... inputs) {
    Array x = inputs[0];
    Array bias = inputs.length > 2 ? inputs[2] : null;
    Array y = kernels.empty(x.shape());
    Array mean = kernels.statistics(x.rows());
    Array rstd = kernels.statistics(x.rows());
    kernels.layerNorm(x, inputs[1], bias, eps, y, mean, rstd);
    return new Output<>(y, new Saved(x, inputs[1], bias, mean, rstd));
  }

  @Override
  public void backward(Kernels kernels, Saved saved, Array dy, Gradients gradients) {
    kernels.layerNormBackward(dy, saved.x, saved.weight, saved.mean, saved.rstd, gradients.into(0), gradients.into(1),
        saved.bias == null ? null : gradients.into(2));
  }

  @Override
  public double forwardFlops() {
    return 7; // mean 1, variance 3, centre and scale 2, weight 1
  }

  @Override
  public double backwardFlops() {
    return 14; // n 2, g 1, two row sums 3, dx 5, dweight 2, dbias 1
  }

  @Override
  public long savedBytes(Array x) {
    return 2L * x.rows() * x.dtype().bytes();
  }
}
