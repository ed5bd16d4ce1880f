package norma.ops;

import static norma.ops.Checks.check;

import norma.array.Array;
import norma.kernels.Kernels;

/// `y = a + b`, same shapes. Its gradient is dy for both: nothing is computed.
public record Add() implements Op<Op.Nothing> {

  @Override
  public Output<Nothing> forward(Kernels kernels, Array... inputs) {
    check(inputs[1], 1, inputs[0].size());
    Array y = kernels.empty(inputs[0].shape());
    kernels.add(inputs[0], inputs[1], y);
    return new Output<>(y, new Nothing());
  }

  @Override
  public void backward(Kernels kernels, Nothing saved, Array dy, Gradients gradients) {
    gradients.share(0, dy);
    gradients.share(1, dy);
  }
}
