package norma.kernels.vector;

import static norma.kernels.vector.Products.ROWS;
import static norma.kernels.vector.Vectors.get;
import static norma.kernels.vector.Vectors.set;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// The left operand of `A^T B` in the order in which the register tiles read it: strips of as many columns as a tile has rows,
/// row after row. It takes the place of a transposition.
///
/// @param inner   rows of A
/// @param columns of A
record Strips(MemorySegment segment, int inner, int columns) {
  /// Strips that are packed together: their columns are whole cache lines, which are read once.
  private static final int GROUP = 8;
  private static final ValueLayout.OfLong PAIR = ValueLayout.JAVA_LONG_UNALIGNED;

  /// Packs A (inner, columns); the last strip is filled up with zeros.
  static Strips of(Matrix a, int inner, int columns, Spare spare) {
    MemorySegment packed = spare.floats((long) Math.ceilDiv(columns, ROWS) * ROWS * inner);
    int full = columns / ROWS;
    int strip = 0;
    for (; strip + GROUP <= full; strip += GROUP) {
      Loops.group(a.segment(), a.at() + (long) strip * ROWS, a.row(), inner, packed, (long) strip * ROWS * inner);
    }
    for (; strip < full; strip++) {
      Loops.one(a.segment(), a.at() + (long) strip * ROWS, a.row(), inner, packed, (long) strip * ROWS * inner);
    }
    if (full * ROWS < columns) {
      Loops.last(a.segment(), a.at() + (long) full * ROWS, a.row(), inner, columns - full * ROWS, packed,
          (long) full * ROWS * inner);
    }
    return new Strips(packed, inner, columns);
  }

  /// Offset of the strip that starts at column `next`, in bytes.
  long strip(int next) {
    return 4L * next * inner;
  }

  /// One compilation each: see the package's description.
  private static final class Loops {

    /// Written out: a loop over the strips would prove its bounds anew for every row.
    static void group(MemorySegment a, long at, long row, int inner, MemorySegment packed, long to) {
      long strip = 4L * ROWS * inner;
      long from = 4 * at;
      long target = 4 * to;
      for (int k = 0; k < inner; k++) {
        move(a, from, packed, target);
        move(a, from + 24, packed, target + strip);
        move(a, from + 48, packed, target + 2 * strip);
        move(a, from + 72, packed, target + 3 * strip);
        move(a, from + 96, packed, target + 4 * strip);
        move(a, from + 120, packed, target + 5 * strip);
        move(a, from + 144, packed, target + 6 * strip);
        move(a, from + 168, packed, target + 7 * strip);
        from += 4 * row;
        target += 24;
      }
    }

    static void one(MemorySegment a, long at, long row, int inner, MemorySegment packed, long to) {
      long from = 4 * at;
      long target = 4 * to;
      for (int k = 0; k < inner; k++) {
        move(a, from, packed, target);
        from += 4 * row;
        target += 24;
      }
    }

    static void last(MemorySegment a, long at, long row, int inner, int count, MemorySegment packed, long to) {
      for (int k = 0; k < inner; k++) {
        for (int i = 0; i < ROWS; i++) {
          set(packed, to + (long) k * ROWS + i, i < count ? get(a, at + k * row + i) : 0);
        }
      }
    }
  }

  /// Six floats as three pairs.
  private static void move(MemorySegment a, long from, MemorySegment packed, long to) {
    packed.set(PAIR, to, a.get(PAIR, from));
    packed.set(PAIR, to + 8, a.get(PAIR, from + 8));
    packed.set(PAIR, to + 16, a.get(PAIR, from + 16));
  }
}
