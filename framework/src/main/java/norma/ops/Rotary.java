package norma.ops;

import static norma.ops.Checks.check;

import norma.array.Array;
import norma.kernels.Grad;
import norma.kernels.Kernels;

/// Rotary position embedding (Su et al., arXiv:2104.09864). Input (B, T, N), rows of heads of even width, of which the first
/// `heads` turn, those of queries and keys; the others stay as they are. Output (B, T, N).
///
/// A rotation's gradient is turned back: forward and backward are one kernel.
///
/// @param heads     that turn
/// @param headWidth D
/// @param first     position of each sequence's first row
public record Rotary(int heads, int headWidth, int first) implements Op<Op.Nothing> {

  @Override
  public Output<Nothing> forward(Kernels kernels, Array... inputs) {
    Array x = inputs[0];
    check(x, x.rows(), (long) Math.max(heads, x.dim(-1) / headWidth) * headWidth);
    Array y = kernels.empty(x.shape());
    kernels.rotate(x, heads, headWidth, first, false, Grad.write(y));
    return new Output<>(y, new Nothing());
  }

  @Override
  public void backward(Kernels kernels, Nothing saved, Array dy, Gradients gradients) {
    Grad dx = gradients.into(0);
    if (dx != null) {
      kernels.rotate(dy, heads, headWidth, first, true, dx);
    }
  }
}
