package norma.ops;

import static norma.ops.Checks.check;

import norma.array.Array;
import norma.kernels.Kernels;

/// Token embedding, plus position embedding if there is one. Inputs: ids (B, T) INT32, tok (V, C), and perhaps pos (at least T, C).
/// Output (B, T, C).
public record Embedding() implements Op<Embedding.Saved> {

  /// @param positions whether there is a position embedding
  public record Saved(Array ids, boolean positions) {}

  @Override
  public Output<Saved> forward(Kernels kernels, Array... inputs) {
    Array ids = inputs[0];
    Array pos = inputs.length > 2 ? inputs[2] : null;
    if (pos != null) {
      check(pos, pos.dim(0), inputs[1].dim(1));
    }
    Array y = kernels.empty(ids.dim(0), ids.dim(1), inputs[1].dim(1));
    kernels.embedding(ids, inputs[1], pos, y);
    return new Output<>(y, new Saved(ids, pos != null));
  }

  @Override
  public void backward(Kernels kernels, Saved saved, Array dy, Gradients gradients) {
    kernels.embeddingBackward(dy, saved.ids, gradients.into(1), saved.positions ? gradients.into(2) : null);
  }
}
