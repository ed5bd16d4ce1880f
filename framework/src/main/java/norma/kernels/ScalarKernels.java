package norma.kernels;

import norma.array.Array;
import org.jspecify.annotations.Nullable;

/// Primitives that treat every element alike, and copies.
public interface ScalarKernels {

  /// `y = a + b`; y may be a.
  void add(Array a, Array b, Array y);

  /// `y = s x` for one learnable number.
  ///
  /// @param s ()
  void scale(Array x, Array s, Array y);

  /// `dx = s dy`, `ds = sum(dy x)`.
  void scaleBackward(Array dy, Array x, Array s, @Nullable Grad dx, @Nullable Grad ds);

  /// `y = factor * x` for a constant.
  void multiply(Array x, double factor, Grad y);

  /// `y = a b`, element by element.
  void multiply(Array a, Array b, Grad y);

  /// `y = x factor(i)` (Srivastava et al., JMLR 15, 2014, with the scaling at training time). Its own backward.
  void dropout(Array x, DropMask mask, Grad y);

  /// Copies columns `[from, from + width of y)` of x's rows to y.
  void takeColumns(Array x, int from, Array y);

  /// Copies x to columns `[from, from + width of x)` of y's rows, or adds it there.
  void putColumns(Array x, int from, Grad y);

  /// Sets every element.
  void fill(Array x, double value);
}
