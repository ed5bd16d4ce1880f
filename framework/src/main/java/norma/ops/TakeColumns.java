package norma.ops;

import norma.array.Array;
import norma.kernels.Grad;
import norma.kernels.Kernels;

/// Columns `[from, from + count)` of every row.
///
/// @param from  first column
/// @param count number of columns
public record TakeColumns(int from, int count) implements Op<Op.Nothing> {

  @Override
  public Output<Nothing> forward(Kernels kernels, Array... inputs) {
    int[] shape = inputs[0].shape();
    shape[shape.length - 1] = count;
    Array y = kernels.empty(shape);
    kernels.takeColumns(inputs[0], from, y);
    return new Output<>(y, new Nothing());
  }

  @Override
  public void backward(Kernels kernels, Nothing saved, Array dy, Gradients gradients) {
    Grad dx = gradients.into(0);
    if (dx != null) {
      if (!dx.add()) {
        kernels.fill(dx.array(), 0);
      }
      kernels.putColumns(dy, from, Grad.add(dx.array()));
    }
  }
}
