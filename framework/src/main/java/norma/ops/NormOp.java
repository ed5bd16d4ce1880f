package norma.ops;

import norma.array.Array;
import norma.kernels.Kernels;

/// An operation that can stand in a normalization slot: its output has the shape of its first input, and further inputs
/// are its parameters. Open: a user's normalization is one of these (`docs/your-own-norm.md`).
///
/// @param <S> what forward keeps for backward
public non-sealed interface NormOp<S extends Record> extends Op<S> {

  /// A user's operation may read memory, and a trace has none.
  @Override
  default Array trace(Kernels kernels, Array... inputs) {
    return kernels.empty(inputs[0].shape());
  }

  /// Floating-point operations of forward for one element, a transcendental function counted as one.
  double forwardFlops();

  /// Floating-point operations of backward for one element.
  double backwardFlops();

  /// Bytes kept for backward besides the input: for example the statistics of each row.
  default long savedBytes(Array x) {
    return 0;
  }
}
