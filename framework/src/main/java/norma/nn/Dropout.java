package norma.nn;

import norma.autodiff.Tape;
import norma.autodiff.Tensor;
import norma.kernels.DropMask;
import norma.ops.DropoutOp;

/// Dropout of a layer's output, with random numbers of its own.
///
/// @param layer       name that its time is reported under
/// @param name        of its random stream
/// @param probability of a drop
public record Dropout(String layer, String name, double probability) {

  /// @param x (B, ...)
  public Tensor forward(Tape tape, Tensor x) {
    DropMask mask = tape.pass().mask(name, probability, x.value().size() / x.value().dim(0));
    return mask.probability() == 0 ? x : tape.apply(layer, new DropoutOp(mask), x);
  }
}
