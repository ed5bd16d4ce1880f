package norma.autodiff;

import norma.array.Array;
import norma.ops.Op;

/// Sees every operation of a tape, for timing, probes and the search for the first number that is not finite. It must not
/// change anything.
public interface TapeObserver {

  /// An operation has computed its output.
  ///
  /// @param layer  name of the layer that applied it
  /// @param nanos  how long it took
  default void forward(String layer, Op<?> op, Tensor[] inputs, Tensor output, long nanos) {}

  /// An operation has computed the gradients of its inputs.
  ///
  /// @param output   what the operation had computed, the same object as in [#forward]
  /// @param gradient of the loss with respect to the output, summed over all its uses; in the output's shape, gone after this call
  /// @param nanos    how long it took
  default void backward(String layer, Op<?> op, Tensor output, Array gradient, long nanos) {}
}
