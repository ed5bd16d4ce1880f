package norma.ops;

import static norma.ops.Checks.check;

import norma.array.Array;
import norma.array.DType;
import norma.kernels.Kernels;
import org.jspecify.annotations.Nullable;

/// Negative log likelihood of the targets under softmax(logits), summed over rows and multiplied by `scale`. Inputs: logits
/// (..., V), targets INT32. Output: () FLOAT64. The gradient is computed in the same pass as the loss.
///
/// @param scale        weight of one row; 1/R gives the mean
/// @param withGradient whether backward will follow
public record CrossEntropy(double scale, boolean withGradient) implements Op<CrossEntropy.Saved> {

  /// @param dlogits gradient for a loss gradient of 1; null without gradient
  public record Saved(@Nullable Array dlogits) {}

  @Override
  public Output<Saved> forward(Kernels kernels, Array... inputs) {
    check(inputs[1], inputs[0].rows(), 1);
    Array loss = kernels.arena().empty(DType.FLOAT64);
    Array dlogits = withGradient ? kernels.empty(inputs[0].shape()) : null;
    kernels.crossEntropy(inputs[0], inputs[1], scale, loss, dlogits);
    return new Output<>(loss, new Saved(dlogits));
  }

  @Override
  public boolean isLast() {
    return true;
  }

  /// The gradient was computed with the loss.
  @Override
  public void backward(Kernels kernels, Saved saved, Array dy, Gradients gradients) {
    if (saved.dlogits == null) {
      throw new IllegalStateException("this loss was computed without a gradient");
    }
    gradients.share(0, saved.dlogits);
  }
}
