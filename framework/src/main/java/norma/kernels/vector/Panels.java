package norma.kernels.vector;

import static norma.kernels.vector.Vectors.LANES;
import static norma.kernels.vector.Vectors.get;
import static norma.kernels.vector.Vectors.load;
import static norma.kernels.vector.Vectors.set;
import static norma.kernels.vector.Vectors.store;

import java.lang.foreign.MemorySegment;
import java.util.stream.IntStream;
import jdk.incubator.vector.FloatVector;

/// The right operand of a product in the order in which the register tiles read it: panels of [#WIDE] columns, row after row;
/// behind them, for the columns left over, one narrow panel or a wide one filled up with zeros.
///
/// @param inner   rows of the operand
/// @param columns of the operand
record Panels(MemorySegment segment, int inner, int columns) {
  /// Columns of a panel: four vectors where there are 32 registers, else two.
  static final int WIDE = Vectors.MANY_REGISTERS ? 4 * LANES : 2 * LANES;
  /// Places of a block's column.
  private static final int[] COLUMN = IntStream.range(0, LANES).map(r -> r * LANES).toArray();
  /// Columns of the last panel if so many suffice.
  static final int NARROW = 2 * LANES;

  /// Columns of the panel that starts at column j.
  int width(int j) {
    return width(columns, j);
  }

  /// Offset of the panel that starts at column j, in bytes.
  long panel(int j) {
    return 4L * j * inner;
  }

  private static int width(int columns, int j) {
    return columns - j <= NARROW ? NARROW : WIDE;
  }

  /// Packs B (inner, columns).
  static Panels of(Matrix b, int inner, int columns, Spare spare) {
    MemorySegment packed = spare.floats(size(inner, columns));
    for (int j = 0; j < columns; j += WIDE) {
      int width = width(columns, j);
      int count = Math.min(WIDE, columns - j);
      if (count == width) {
        Loops.packWhole(b.segment(), b.at() + j, b.row(), inner, packed, (long) j * inner, width > NARROW);
      } else {
        Loops.packPart(b.segment(), b.at() + j, b.row(), inner, count, packed, (long) j * inner, width);
      }
    }
    return new Panels(packed, inner, columns);
  }

  /// Packs the transpose of B (columns, inner).
  static Panels transposed(Matrix b, int inner, int columns, Spare spare, float[] block) {
    MemorySegment packed = spare.floats(size(inner, columns));
    for (int j = 0; j < columns; j += WIDE) {
      int width = width(columns, j);
      int count = Math.min(WIDE, columns - j);
      long panel = (long) j * inner;
      if (count < width) {
        packed.asSlice(4 * panel, 4L * width * inner).fill((byte) 0);
      }
      transpose(b.from(j), count, inner, new Matrix(packed, panel, width), block);
    }
    return new Panels(packed, inner, columns);
  }

  /// Writes the transpose of (rows, columns).
  ///
  /// @param block spare memory for one tile
  static void transpose(Matrix from, int rows, int columns, Matrix to, float[] block) {
    Loops.transpose(from.segment(), from.at(), from.row(), rows, columns, to.segment(), to.at(), to.row(), block);
  }

  private static long size(int inner, int columns) {
    return (long) (columns + WIDE) * inner;
  }

  /// One compilation each: see the package's description.
  private static final class Loops {

    /// Whole panels of two or four vectors.
    static void packWhole(MemorySegment b, long atB, long rowB, int inner, MemorySegment packed, long at,
        boolean four) {
      long from = atB;
      long to = at;
      for (int k = 0; k < inner; k++) {
        store(load(b, from), packed, to);
        store(load(b, from + LANES), packed, to + LANES);
        if (four) {
          store(load(b, from + 2L * LANES), packed, to + 2L * LANES);
          store(load(b, from + 3L * LANES), packed, to + 3L * LANES);
        }
        from += rowB;
        to += four ? WIDE : NARROW;
      }
    }

    /// A panel that is not full: zeros behind the last column.
    static void packPart(MemorySegment b, long atB, long rowB, int inner, int count, MemorySegment packed, long at,
        int width) {
      for (int k = 0; k < inner; k++) {
        for (int c = 0; c < width; c++) {
          set(packed, at + (long) k * width + c, c < count ? get(b, atB + k * rowB + c) : 0);
        }
      }
    }

    /// By square blocks: rows into the cache, columns out of it by gathering.
    static void transpose(MemorySegment from, long atFrom, long rowFrom, int rows, int columns, MemorySegment to,
        long atTo, long rowTo, float[] block) {
      for (int j = 0; j < columns; j += LANES) {
        for (int i = 0; i < rows; i += LANES) {
          long source = atFrom + i * rowFrom + j;
          long target = atTo + j * rowTo + i;
          if (i + LANES <= rows && j + LANES <= columns) {
            for (int r = 0; r < LANES; r += 4) {
              long row = source + r * rowFrom;
              load(from, row).intoArray(block, r * LANES);
              load(from, row + rowFrom).intoArray(block, (r + 1) * LANES);
              load(from, row + 2 * rowFrom).intoArray(block, (r + 2) * LANES);
              load(from, row + 3 * rowFrom).intoArray(block, (r + 3) * LANES);
            }
            for (int c = 0; c < LANES; c += 4) {
              long column = target + c * rowTo;
              store(gather(block, c), to, column);
              store(gather(block, c + 1), to, column + rowTo);
              store(gather(block, c + 2), to, column + 2 * rowTo);
              store(gather(block, c + 3), to, column + 3 * rowTo);
            }
          } else {
            for (int r = 0; r < Math.min(LANES, rows - i); r++) {
              for (int c = 0; c < Math.min(LANES, columns - j); c++) {
                set(to, target + c * rowTo + r, get(from, source + r * rowFrom + c));
              }
            }
          }
        }
      }
    }
  }

  private static FloatVector gather(float[] block, int column) {
    return FloatVector.fromArray(Vectors.SPECIES, block, column, COLUMN, 0);
  }
}
