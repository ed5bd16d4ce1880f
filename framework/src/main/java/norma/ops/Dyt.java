package norma.ops;

import norma.array.Array;
import norma.kernels.Kernels;
import org.jspecify.annotations.Nullable;

/// DyT (arXiv:2503.10622), `y = weight tanh(alpha x) + bias`. Inputs: x (..., C), weight (C), alpha (), and bias (C) if
/// there is one.
public record Dyt() implements NormOp<Dyt.Saved> {

  /// Only inputs: there are no statistics to keep.
  public record Saved(Array x, Array weight, Array alpha, @Nullable Array bias) {}

  @Override
  public Output<Saved> forward(Kernels kernels, Array... inputs) {
    Saved in = new Saved(inputs[0], inputs[1], inputs[2], inputs.length > 3 ? inputs[3] : null);
    Array y = kernels.empty(in.x.shape());
    kernels.dyt(in.x, in.alpha, in.weight, in.bias, y);
    return new Output<>(y, in);
  }

  @Override
  public void backward(Kernels kernels, Saved saved, Array dy, Gradients gradients) {
    kernels.dytBackward(dy, saved.x, saved.alpha, saved.weight, gradients.into(0), gradients.into(2),
        gradients.into(1), saved.bias == null ? null : gradients.into(3));
  }

  @Override
  public double forwardFlops() {
    return 3; // alpha x, tanh, weight
  }

  @Override
  public double backwardFlops() {
    return 10; // t 2, slope 2, dx 3, dalpha 2 more, dweight 1 more
  }
}
