package norma.ops;

import java.util.List;
import norma.array.Array;
import norma.kernels.Kernels;

/// The same elements under another shape. Nothing is copied, forward or backward.
///
/// @param shape the new dimensions
public record Reshape(List<Integer> shape) implements Op<Reshape.Saved> {

  /// @param x the input, for its shape
  public record Saved(Array x) {}

  @Override
  public Output<Saved> forward(Kernels kernels, Array... inputs) {
    int[] dims = shape.stream().mapToInt(Integer::intValue).toArray();
    return new Output<>(inputs[0].reshape(dims), new Saved(inputs[0]));
  }

  @Override
  public void backward(Kernels kernels, Saved saved, Array dy, Gradients gradients) {
    gradients.share(0, dy.reshape(saved.x.shape()));
  }
}
