package norma.ops;

import norma.array.Array;
import norma.kernels.DropMask;
import norma.kernels.Grad;
import norma.kernels.Kernels;

/// Sets elements to zero at random and scales the rest. Keeps nothing: backward computes the same mask again.
///
/// @param mask which elements
public record DropoutOp(DropMask mask) implements Op<Op.Nothing> {

  @Override
  public Output<Nothing> forward(Kernels kernels, Array... inputs) {
    Array y = kernels.empty(inputs[0].shape());
    kernels.dropout(inputs[0], mask, Grad.write(y));
    return new Output<>(y, new Nothing());
  }

  @Override
  public void backward(Kernels kernels, Nothing saved, Array dy, Gradients gradients) {
    Grad dx = gradients.into(0);
    if (dx != null) {
      kernels.dropout(dy, mask, dx);
    }
  }
}
