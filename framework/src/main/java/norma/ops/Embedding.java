package norma.ops;

import static norma.ops.Checks.check;

import norma.array.Array;
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
    if (first > 0) {
      throw new IllegalStateException("tokens behind others that a cache has have no gradient; train without a cache");
    }
    kernels.embeddingBackward(dy, saved.ids, gradients.into(1), saved.positions ? gradients.into(2) : null);
  }
}
