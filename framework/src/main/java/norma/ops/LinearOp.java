package norma.ops;

import static norma.ops.Checks.check;

import norma.array.Array;
import norma.kernels.Kernels;
import org.jspecify.annotations.Nullable;

/// `y = x W^T + b`. Inputs: x (..., K), w (N, K), and b (N) if there is a bias.
public record LinearOp() implements Op<LinearOp.Saved> {

  /// @param b null without bias
  public record Saved(Array x, Array w, @Nullable Array b) {}

  @Override
  public Output<Saved> forward(Kernels kernels, Array... inputs) {
    Array x = inputs[0];
    Array w = inputs[1];
    Array b = inputs.length > 2 ? inputs[2] : null;
    check(x, x.rows(), w.dim(1));
    if (b != null) {
      check(b, 1, w.dim(0));
    }
    int[] shape = x.shape();
    shape[shape.length - 1] = w.dim(0);
    Array y = kernels.empty(shape);
    kernels.linear(x, w, b, y);
    return new Output<>(y, new Saved(x, w, b));
  }

  @Override
  public void backward(Kernels kernels, Saved saved, Array dy, Gradients gradients) {
    kernels.linearBackward(dy, saved.x, saved.w, gradients.into(0), gradients.into(1),
        saved.b == null ? null : gradients.into(2));
  }
}
