package norma.ops;

import norma.array.Array;
import norma.kernels.Grad;
import norma.kernels.Kernels;
import org.jspecify.annotations.Nullable;

/// A differentiable operation. The record holds the constants; inputs come at each call; what backward needs is the typed
/// record `S`, so that nothing is recomputed by accident and nothing is kept without being seen.
///
/// Views that need every operation (cost, profiler) are exhaustive `switch`es over this sealed interface: an operation
/// without its cost does not compile.
///
/// @param <S> what forward keeps for backward
public sealed interface Op<S extends Record>
    permits LinearOp, Embedding, Add, DropoutOp, Reshape, TakeColumns, Concat, Rotary, Attention,
    CachedAttention,
    CrossEntropy,
    NormOp {

  /// Computes the output, in memory taken from `kernels`.
  Output<S> forward(Kernels kernels, Array... inputs);

  /// The output for kernels that compute nothing: [#forward] of an operation that leaves memory to its kernels.
  default Array trace(Kernels kernels, Array... inputs) {
    return forward(kernels, inputs).value();
  }

  /// Whether no operation may follow: backward takes the output's gradient for 1.
  default boolean isLast() {
    return false;
  }

  /// Puts the gradient of each input that needs one into `gradients`. Must not modify `dy`.
  void backward(Kernels kernels, S saved, Array dy, Gradients gradients);

  /// What forward returns.
  ///
  /// @param value the output
  /// @param saved what backward needs
  record Output<S extends Record>(Array value, S saved) {}

  /// Saved by an operation whose backward needs nothing of forward.
  record Nothing() {}

  /// Where backward leaves its results, by the position of the input.
  interface Gradients {

    /// Memory for the gradient of input i, to overwrite or to add to; null if nobody needs it.
    @Nullable
    Grad into(int i);

    /// The gradient of input i is this array itself: dy, a part of it, or memory that this call took from its kernels. No copy
    /// is made; nobody will modify it while it is shared, and when nobody needs it any more, another gradient gets its memory.
    void share(int i, Array gradient);
  }
}
