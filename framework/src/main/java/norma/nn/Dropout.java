package norma.nn;

import norma.autodiff.Tape;
import norma.autodiff.Tensor;

/// Dropout of a layer's output, with random numbers of its own.
public final class Dropout {
  private final String layer;
  private final String name;
  private final double probability;

  /// @param layer       name that its time is reported under
  /// @param name        of its random stream
  /// @param probability of a drop
  public Dropout(String layer, String name, double probability) {
    this.layer = layer;
    this.name = name;
    this.probability = probability;
  }

  /// @param x (B, ...)
  public Tensor forward(Tape tape, Tensor x) {
    if (!tape.pass().training() || probability == 0) {
      return x;
    }
    long perSequence = x.value().size() / x.value().dim(0);
    return tape.apply(layer, new norma.ops.DropoutOp(tape.pass().mask(name, probability, perSequence)), x);
  }
}
