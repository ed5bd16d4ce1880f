package norma.ops;

import static norma.ops.Checks.check;

import norma.array.Array;
import norma.kernels.Grad;
import norma.kernels.Kernels;

/// Token embedding, plus position embedding if there is one. Inputs: ids (B, T) INT32, tok (V, C), and perhaps pos (at least T, C).
/// Output (B, T, C).
///
/// @param first position of each sequence's first token
public record Embedding(int first) implements Op<Embedding.Saved> {

  /// @param positions whether there is a position embedding
  public record Saved(Array ids, boolean positions) {}

  @Override
  public Output<Saved> forward(Kernels kernels, Array... inputs) {
    Array ids = inputs[0];
    int width = inputs[1].dim(1);
    Array pos = inputs.length > 2 ? inputs[2] : null;
    if (pos != null) {
      check(pos, pos.dim(0), width);
    }
    Array y = kernels.empty(ids.dim(0), ids.dim(1), width);
    kernels.embedding(ids, inputs[1], pos, first, y);
    return new Output<>(y, new Saved(ids, pos != null));
  }

  @Override
  public void backward(Kernels kernels, Saved saved, Array dy, Gradients gradients) {
    Grad dpos = saved.positions ? gradients.into(2) : null;
    kernels.embeddingBackward(dy, saved.ids, gradients.into(1),
        dpos == null || first == 0 ? dpos : later(kernels, dpos));
  }

  /// The positions from the first one on.
  private Grad later(Kernels kernels, Grad dpos) {
    Array table = dpos.array();
    if (!dpos.add()) {
      kernels.fill(table, 0);
    }
    int width = table.dim(1);
    return Grad.add(table.slice((long) first * width, table.dim(0) - first, width));
  }
}
