package norma.kernels.vector;

import norma.array.Array;
import norma.kernels.Grad;
import org.jspecify.annotations.Nullable;

/// The three products of a linear layer, for one worker thread. Shapes: x (rows, in), w (out, in), y (rows, out).
interface LinearProducts extends AutoCloseable {

  /// What can be done once for all products with a weight until its values change. Different threads may prepare different
  /// weights.
  void prepare(Array w);

  /// `y = x w^T`.
  void forward(Array x, Array w, Array y);

  /// `dx = dy w`, `dw = dy^T x`.
  void backward(Array dy, Array x, Array w, @Nullable Grad dx, @Nullable Grad dw);

  @Override
  void close();
}
