package norma.ops;

import norma.array.Array;
import norma.kernels.DropMask;
import norma.kernels.Grad;
import norma.kernels.Kernels;

/// Sets elements to zero at random and scales the rest. Keeps nothing: backward computes the same mask again.
///
/// @param mask which elements
public record Dropout(DropMask mask) implements Op<Dropout.Saved> {

  /// Nothing.
  public record Saved() {}

  @Override
  public Output<Saved> forward(Kernels kernels, Array... inputs) {
    Array y = kernels.empty(inputs[0].shape());
    kernels.dropout(inputs[0], mask, Grad.write(y));
    return new Output<>(y, new Saved());
  }

  @Override
  public void backward(Kernels kernels, Saved saved, Array dy, Gradients gradients) {
    Grad dx = gradients.into(0);
    if (dx != null) {
      kernels.dropout(dy, mask, dx);
    }
  }
}
