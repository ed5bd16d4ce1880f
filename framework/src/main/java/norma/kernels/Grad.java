package norma.kernels;

import norma.array.Array;

/// Where a backward kernel puts the gradient of one input.
///
/// @param array the gradient's memory, of the input's shape
/// @param add   whether to add to what is there (another use of the same input came before) or to overwrite it
public record Grad(Array array, boolean add) {

  /// Overwrites `array`.
  public static Grad write(Array array) {
    return new Grad(array, false);
  }

  /// Adds to `array`.
  public static Grad add(Array array) {
    return new Grad(array, true);
  }
}
