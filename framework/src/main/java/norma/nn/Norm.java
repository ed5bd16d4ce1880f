package norma.nn;

import java.util.Map;
import java.util.function.ToDoubleFunction;
import norma.autodiff.Parameter;
import norma.autodiff.Tape;
import norma.autodiff.Tensor;
import norma.formula.Curve.Squash;
import org.jspecify.annotations.Nullable;

/// The layer in one normalization slot.
public interface Norm {

  /// Normalizes over the last dimension.
  ///
  /// @param x (..., C)
  /// @return the same shape
  Tensor forward(Tape tape, Tensor x);

  /// What the slot has learned, for probes and reports.
  ///
  /// @param value gives the number in a scalar parameter
  default State state(ToDoubleFunction<Parameter> value) {
    return new State(Map.of(), null);
  }

  /// A slot's learned scalars.
  ///
  /// @param scalars by name, in the units of the formula: `beta` is the positive one, after softplus
  /// @param squash  the argument of a squashing function, or null if the norm has none
  record State(Map<String, Double> scalars, @Nullable Squash squash) {}
}
