package norma.ops;

import norma.array.Array;
import norma.kernels.Kernels;
import org.jspecify.annotations.Nullable;

/// DyISRU (arXiv:2503.21708), `y = weight scale x / sqrt(b + x^2) + bias`. Inputs: x (..., C), weight (C), beta (), and bias
/// (C) if there is one.
///
/// @param softplus whether `b = softplus(beta)`, which stays positive, or `b = beta`
/// @param scale    1, or sqrt(C) as in the paper
public record Dyisru(boolean softplus, double scale) implements NormOp<Dyisru.Saved> {

  /// Only inputs: there are no statistics to keep.
  public record Saved(Array x, Array weight, Array beta, @Nullable Array bias) {}

  @Override
  public Output<Saved> forward(Kernels kernels, Array... inputs) {
    Saved in = new Saved(inputs[0], inputs[1], inputs[2], inputs.length > 3 ? inputs[3] : null);
    Array y = kernels.empty(in.x.shape());
    kernels.dyisru(in.x, in.beta, softplus, scale, in.weight, in.bias, y);
    return new Output<>(y, in);
  }

  @Override
  public void backward(Kernels kernels, Saved saved, Array dy, Gradients gradients) {
    kernels.dyisruBackward(dy, saved.x, saved.beta, softplus, scale, saved.weight, gradients.into(0),
        gradients.into(2), gradients.into(1), saved.bias == null ? null : gradients.into(3));
  }

  @Override
  public double forwardFlops() {
    return 5; // square, add, reciprocal root, times x, weight
  }

  @Override
  public double backwardFlops() {
    return 12; // r 2, root 1, powers 2, dx 3, dbeta 3, dweight 1 more
  }
}
