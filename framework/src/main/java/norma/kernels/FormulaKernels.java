package norma.kernels;

import java.util.List;
import norma.array.Array;
import norma.formula.Formula;
import org.jspecify.annotations.Nullable;

/// Normalizations and activations: any [Formula] over the channels of one token.
public interface FormulaKernels {

  /// Values of a row that forward leaves for backward.
  default int kept(Formula formula) {
    return 0;
  }

  /// `y = f(x; parameters)`.
  ///
  /// @param x          (R, C)
  /// @param parameters of the formula in its order, vectors (C) and numbers ()
  /// @param y          (R, C)
  /// @param slope      (R, C) receives dy/dx if the formula keeps it, else null
  /// @param statistics ([#kept], R) receives what backward needs
  void formula(Formula formula, Array x, List<Array> parameters, Array y, @Nullable Array slope,
      Array statistics);

  /// Gradients of [#formula]. Sums over all tokens run in double or in two levels.
  ///
  /// @param dy        (R, C)
  /// @param x         (R, C), or dy/dx if the formula keeps it
  /// @param gradients of the parameters
  void formulaBackward(Formula formula, Array dy, Array x, List<Array> parameters, Array statistics,
      @Nullable Grad dx, List<@Nullable Grad> gradients);
}
