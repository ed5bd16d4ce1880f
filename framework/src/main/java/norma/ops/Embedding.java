package norma.ops;

import static norma.ops.Checks.check;

import norma.array.Array;
import norma.kernels.Kernels;

/// Token plus position embedding. Inputs: ids (B, T) INT32, tok (V, C), pos (at least T, C). Output (B, T, C).
public record Embedding() implements Op<Embedding.Saved> {

  /// Only the ids.
  public record Saved(Array ids) {}

  @Override
  public Output<Saved> forward(Kernels kernels, Array... inputs) {
    Array ids = inputs[0];
    check(inputs[2], inputs[2].dim(0), inputs[1].dim(1));
    Array y = kernels.empty(ids.dim(0), ids.dim(1), inputs[1].dim(1));
    kernels.embedding(ids, inputs[1], inputs[2], y);
    return new Output<>(y, new Saved(ids));
  }

  @Override
  public void backward(Kernels kernels, Saved saved, Array dy, Gradients gradients) {
    kernels.embeddingBackward(dy, saved.ids, gradients.into(1), gradients.into(2));
  }
}
