package norma.autodiff;

import norma.array.Array;
import norma.ops.Op;

/// Sees every operation of a tape, for timing, probes and the search for the first number that is not finite. It must not
/// change anything. A tape has no clock: who wants times looks at one when an operation starts and when its result is shown.
public interface TapeObserver {

  /// An operation starts to compute its output, or the gradients of its inputs.
  ///
  /// @param layer name of the layer that applies it
  default void starts(String layer, Op<?> op, boolean backward) {}

  /// An operation has computed its output.
  default void forward(String layer, Op<?> op, Tensor[] inputs, Tensor output) {}

  /// An operation has computed the gradients of its inputs.
  ///
  /// @param output   what the operation had computed, the same object as in [#forward]
  /// @param gradient of the loss with respect to the output, summed over all its uses; in the output's shape, gone after this call
  default void backward(String layer, Op<?> op, Tensor output, Array gradient) {}
}
