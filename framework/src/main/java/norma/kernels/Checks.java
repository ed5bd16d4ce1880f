package norma.kernels;

import norma.array.Array;
import org.jspecify.annotations.Nullable;

/// What fused kernels ask of their arguments before they touch memory.
public final class Checks {
  private Checks() {}

  /// @throws IllegalArgumentException if the array does not have as many elements
  public static void check(Array array, long rows, long columns) {
    if (array.size() != rows * columns) {
      throw new IllegalArgumentException(
          array + " has " + array.size() + " elements; expected " + rows + " x " + columns);
    }
  }

  /// The same of a gradient that somebody needs.
  public static void check(@Nullable Grad grad, long rows, long columns) {
    if (grad != null) {
      check(grad.array(), rows, columns);
    }
  }
}
