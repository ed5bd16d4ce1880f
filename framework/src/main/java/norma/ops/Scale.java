package norma.ops;

import norma.array.Array;
import norma.kernels.Kernels;

/// `y = s x`. Inputs: x, and the number s ().
public record Scale() implements Op<Scale.Saved> {

  /// Both inputs.
  public record Saved(Array x, Array s) {}

  @Override
  public Output<Saved> forward(Kernels kernels, Array... inputs) {
    Array y = kernels.empty(inputs[0].shape());
    kernels.scale(inputs[0], inputs[1], y);
    return new Output<>(y, new Saved(inputs[0], inputs[1]));
  }

  @Override
  public void backward(Kernels kernels, Saved saved, Array dy, Gradients gradients) {
    kernels.scaleBackward(dy, saved.x, saved.s, gradients.into(0), gradients.into(1));
  }
}
