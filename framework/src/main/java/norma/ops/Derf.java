package norma.ops;

import norma.array.Array;
import norma.kernels.Kernels;
import org.jspecify.annotations.Nullable;

/// Derf (arXiv:2512.10938), `y = weight erf(alpha x + shift) + bias`. Inputs: x (..., C), weight (C), alpha (), shift (), and
/// bias (C) if there is one.
public record Derf() implements NormOp<Derf.Saved> {

  /// Only inputs: there are no statistics to keep.
  public record Saved(Array x, Array weight, Array alpha, Array shift, @Nullable Array bias) {}

  @Override
  public Output<Saved> forward(Kernels kernels, Array... inputs) {
    Saved in = new Saved(inputs[0], inputs[1], inputs[2], inputs[3], inputs.length > 4 ? inputs[4] : null);
    Array y = kernels.empty(in.x.shape());
    kernels.derf(in.x, in.alpha, in.shift, in.weight, in.bias, y);
    return new Output<>(y, in);
  }

  @Override
  public void backward(Kernels kernels, Saved saved, Array dy, Gradients gradients) {
    kernels.derfBackward(dy, saved.x, saved.alpha, saved.shift, saved.weight, gradients.into(0), gradients.into(2),
        gradients.into(3), gradients.into(1), saved.bias == null ? null : gradients.into(4));
  }

  @Override
  public double forwardFlops() {
    return 4; // alpha x, shift, erf, weight
  }

  @Override
  public double backwardFlops() {
    return 14; // u 2, erf 1, exp 3, dx 3, dalpha 2, dshift 1, dweight 2
  }
}
