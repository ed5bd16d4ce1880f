package norma.kernels.vector;

import static norma.kernels.vector.Tiles.ROWS;
import static norma.kernels.vector.Vectors.LANES;
import static norma.kernels.vector.Vectors.get;
import static norma.kernels.vector.Vectors.load;
import static norma.kernels.vector.Vectors.set;
import static norma.kernels.vector.Vectors.store;

import java.lang.foreign.MemorySegment;

/// The left operand of `A^T B` in the order in which the register tiles read it: strips of as many columns as a tile has rows,
/// row after row. It takes the place of a transposition.
///
/// @param inner   rows of A
/// @param columns of A
record Strips(MemorySegment segment, int inner, int columns) {
  /// Strips that are packed together: their columns are whole cache lines, which are read once.
  private static final int GROUP = 8;
  /// Columns that are worth a piece of their own.
  static final int PIECE = 2 * GROUP * ROWS;
  /// From one row of a strip to the next: a power of two, or HotSpot does not take the bounds checks out of the tile's loop.
  static final int PITCH = 8;
  /// Rows at the end of a strip that a vector of one row before them would not leave alone.
  private static final int EXACT = Math.ceilDiv(LANES, PITCH);

  /// Packs A (inner, columns). The last strip overlaps the one before it; fewer columns than a strip has are filled up with
  /// zeros.
  static Strips of(Matrix a, int inner, int columns, Spare spare) {
    int count = Math.ceilDiv(columns, ROWS);
    MemorySegment packed = spare.floats((long) count * PITCH * inner + LANES);
    Loops.pack(a, inner, columns, count, packed);
    return new Strips(packed, inner, columns);
  }

  /// Offset of the strip that starts at column `next`, in bytes.
  long strip(int next) {
    return 4L * (next / ROWS) * PITCH * inner;
  }

  /// One compilation each: see the package's description.
  private static final class Loops {

    static void pack(Matrix a, int inner, int columns, int strips, MemorySegment packed) {
      int grouped = columns / ROWS / GROUP * GROUP;
      groups(a.segment(), a.at(), a.row(), inner, grouped, packed);
      for (int strip = grouped; strip < strips; strip++) {
        int first = Math.clamp(columns - ROWS, 0, strip * ROWS);
        one(a.segment(), a.at() + first, a.row(), inner, Math.min(ROWS, columns), packed, (long) strip * PITCH * inner);
      }
    }

    /// A row of a strip is copied as a whole vector; what is too much is overwritten by the rows after it, and the last rows are
    /// copied exactly. The strips of a group are written out: a loop over them would prove its bounds anew for every row.
    static void groups(MemorySegment a, long at, long row, int inner, int strips, MemorySegment packed) {
      long strip = (long) PITCH * inner;
      int vectors = LANES < PITCH ? 0 : inner - EXACT;
      int k = 0;
      for (; k < vectors; k++) {
        long from = at + k * row;
        long to = (long) k * PITCH;
        for (int i = 0; i < strips; i += GROUP) {
          store(load(a, from), packed, to);
          store(load(a, from + ROWS), packed, to + strip);
          store(load(a, from + 2L * ROWS), packed, to + 2 * strip);
          store(load(a, from + 3L * ROWS), packed, to + 3 * strip);
          store(load(a, from + 4L * ROWS), packed, to + 4 * strip);
          store(load(a, from + 5L * ROWS), packed, to + 5 * strip);
          store(load(a, from + 6L * ROWS), packed, to + 6 * strip);
          store(load(a, from + 7L * ROWS), packed, to + 7 * strip);
          from += GROUP * ROWS;
          to += GROUP * strip;
        }
      }
      for (; k < inner; k++) {
        for (int i = 0; i < strips; i++) {
          for (int c = 0; c < ROWS; c++) {
            set(packed, i * strip + (long) k * PITCH + c, get(a, at + k * row + (long) i * ROWS + c));
          }
        }
      }
    }

    static void one(MemorySegment a, long at, long row, int inner, int columns, MemorySegment packed, long to) {
      int vectors = LANES < PITCH || columns < ROWS ? 0 : inner - EXACT;
      int k = 0;
      for (; k < vectors; k++) {
        store(load(a, at + k * row), packed, to + (long) k * PITCH);
      }
      for (; k < inner; k++) {
        for (int c = 0; c < ROWS; c++) {
          set(packed, to + (long) k * PITCH + c, c < columns ? get(a, at + k * row + c) : 0);
        }
      }
    }
  }
}
