package norma.kernels.cpu;

import java.lang.foreign.MemorySegment;
import norma.array.Array;

/// A matrix in memory.
///
/// @param at  its first element
/// @param row from one row to the next, in elements
record Matrix(MemorySegment segment, long at, long row) {

  /// All rows of an array.
  static Matrix of(Array x) {
    return new Matrix(x.segment(), 0, x.dim(-1));
  }

  /// The rows from `row` on.
  Matrix from(int first) {
    return new Matrix(segment, at + first * row, row);
  }
}
