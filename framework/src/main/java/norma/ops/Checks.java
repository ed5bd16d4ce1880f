package norma.ops;

import norma.array.Array;

/// What operations ask of their inputs before a backend computes: kernels check nothing. Outputs and gradients have the shapes that their
/// operation and the tape give them.
final class Checks {
  private Checks() {}

  /// @throws IllegalArgumentException if the array does not have as many elements
  static void check(Array array, long rows, long columns) {
    if (array.size() != rows * columns) {
      throw new IllegalArgumentException(
          array + " has " + array.size() + " elements; expected " + rows + " x " + columns);
    }
  }
}
