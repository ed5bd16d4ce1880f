package norma.kernels.vector;

import static norma.kernels.vector.Vectors.LANES;
import static norma.kernels.vector.Vectors.get;
import static norma.kernels.vector.Vectors.load;
import static norma.kernels.vector.Vectors.set;
import static norma.kernels.vector.Vectors.store;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/// The right operand of a product in the order in which the register tiles read it: panels of [#WIDE] columns, row after row;
/// behind them, for the columns left over, one narrow panel or a wide one filled up with zeros.
///
/// @param inner   rows of the operand
/// @param columns of the operand
record Panels(MemorySegment segment, int inner, int columns) {
  /// Columns of a panel: four vectors where there are 32 registers, else two.
  static final int WIDE = Vectors.MANY_REGISTERS ? 4 * LANES : 2 * LANES;
  /// For each distance d of a power of two: where the upper row of a pair takes its elements from.
  private static final int[] UPPER = places(0);
  /// The same for the lower row.
  private static final int[] LOWER = places(1);
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
    Loops.pack(b, inner, columns, packed);
    return new Panels(packed, inner, columns);
  }

  /// Packs the transpose of B (columns, inner).
  static Panels transposed(Matrix b, int inner, int columns, Spare spare, float[] block) {
    MemorySegment packed = spare.floats(size(inner, columns));
    Loops.packTransposed(b, inner, columns, packed, block);
    return new Panels(packed, inner, columns);
  }

  /// Writes the transpose of (rows, columns).
  ///
  /// @param block spare memory for one tile
  static void transpose(Matrix from, int rows, int columns, Matrix to, float[] block) {
    Loops.transpose(from.segment(), from.at(), from.row(), rows, columns, to.segment(), to.at(), to.row(), block);
  }

  private static IntVector indexHere(int[] table, int d) {
    return IntVector.fromArray(Vectors.INTS, table, Integer.numberOfTrailingZeros(d) * LANES);
  }

  private static int[] places(int lower) {
    int[] places = new int[Integer.numberOfTrailingZeros(LANES) * LANES];
    for (int stage = 0; stage * LANES < places.length; stage++) {
      int d = 1 << stage;
      for (int c = 0; c < LANES; c++) {
        boolean own = (c & d) == 0;
        places[stage * LANES + c] = lower == 0 ? own ? c : LANES + c - d : own ? c + d : LANES + c;
      }
    }
    return places;
  }

  private static long size(int inner, int columns) {
    return (long) (columns + WIDE) * inner;
  }

  /// One compilation each: see the package's description.
  private static final class Loops {

    static void pack(Matrix b, int inner, int columns, MemorySegment packed) {
      int whole = columns / WIDE * WIDE;
      packWide(b.segment(), b.at(), b.row(), inner, whole, packed);
      if (whole < columns) {
        packRest(b.segment(), b.at() + whole, b.row(), inner, columns - whole, packed, (long) whole * inner,
            width(columns, whole));
      }
    }

    static void packTransposed(Matrix b, int inner, int columns, MemorySegment packed, float[] block) {
      for (int j = 0; j < columns; j += WIDE) {
        int width = width(columns, j);
        int count = Math.min(WIDE, columns - j);
        long panel = (long) j * inner;
        if (count < width) {
          packed.asSlice(4 * panel, 4L * width * inner).fill((byte) 0);
        }
        Panels.transpose(b.from(j), count, inner, new Matrix(packed, panel, width), block);
      }
    }

    /// Row after row, so that the source is read in order.
    static void packWide(MemorySegment b, long atB, long rowB, int inner, int columns, MemorySegment packed) {
      long panel = (long) WIDE * inner;
      for (int k = 0; k < inner; k++) {
        long from = atB + k * rowB;
        long to = (long) k * WIDE;
        for (int j = 0; j < columns; j += WIDE) {
          store(load(b, from), packed, to);
          store(load(b, from + LANES), packed, to + LANES);
          if (WIDE > NARROW) {
            store(load(b, from + 2L * LANES), packed, to + 2L * LANES);
            store(load(b, from + 3L * LANES), packed, to + 3L * LANES);
          }
          from += WIDE;
          to += panel;
        }
      }
    }

    /// The last panel, zeros behind the last column.
    static void packRest(MemorySegment b, long atB, long rowB, int inner, int count, MemorySegment packed, long at,
        int width) {
      int whole = count & -LANES;
      for (int k = 0; k < inner; k++) {
        long from = atB + k * rowB;
        long to = at + (long) k * width;
        for (int c = 0; c < whole; c += LANES) {
          store(load(b, from + c), packed, to + c);
        }
        for (int c = whole; c < width; c++) {
          set(packed, to + c, c < count ? get(b, from + c) : 0);
        }
      }
    }

    static void transpose(MemorySegment from, long atFrom, long rowFrom, int rows, int columns, MemorySegment to,
        long atTo, long rowTo, float[] block) {
      for (int j = 0; j < columns; j += LANES) {
        for (int i = 0; i < rows; i += LANES) {
          long source = atFrom + i * rowFrom + j;
          long target = atTo + j * rowTo + i;
          if (i + LANES <= rows && j + LANES <= columns) {
            first(from, source, rowFrom, block);
            for (int d = LANES / 4; d > 1; d /= 2) {
              middle(block, d);
            }
            last(block, to, target, rowTo);
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

    // A square of LANES x LANES in log2(LANES) stages (Eklundh, IEEE Trans. Computers C-21, 1972): at distance d, rows i and i + d
    // exchange what lies off the diagonal of each square of 2d x 2d.

    private static void first(MemorySegment from, long source, long rowFrom, float[] block) {
      int d = LANES / 2;
      IntVector upper = indexHere(UPPER, d);
      IntVector lower = indexHere(LOWER, d);
      for (int i = 0; i < d; i++) {
        IntVector x = load(from, source + i * rowFrom).reinterpretAsInts();
        IntVector y = load(from, source + (i + d) * rowFrom).reinterpretAsInts();
        upper.selectFrom(x, y).reinterpretAsFloats().intoArray(block, i * LANES);
        lower.selectFrom(x, y).reinterpretAsFloats().intoArray(block, (i + d) * LANES);
      }
    }

    private static void middle(float[] block, int d) {
      IntVector upper = indexHere(UPPER, d);
      IntVector lower = indexHere(LOWER, d);
      for (int pair = 0; pair < LANES / 2; pair++) {
        int i = pair / d * 2 * d + pair % d;
        IntVector x = FloatVector.fromArray(Vectors.SPECIES, block, i * LANES).reinterpretAsInts();
        IntVector y = FloatVector.fromArray(Vectors.SPECIES, block, (i + d) * LANES).reinterpretAsInts();
        upper.selectFrom(x, y).reinterpretAsFloats().intoArray(block, i * LANES);
        lower.selectFrom(x, y).reinterpretAsFloats().intoArray(block, (i + d) * LANES);
      }
    }

    private static void last(float[] block, MemorySegment to, long target, long rowTo) {
      IntVector upper = indexHere(UPPER, 1);
      IntVector lower = indexHere(LOWER, 1);
      for (int i = 0; i < LANES; i += 2) {
        IntVector x = FloatVector.fromArray(Vectors.SPECIES, block, i * LANES).reinterpretAsInts();
        IntVector y = FloatVector.fromArray(Vectors.SPECIES, block, (i + 1) * LANES).reinterpretAsInts();
        store(upper.selectFrom(x, y).reinterpretAsFloats(), to, target + i * rowTo);
        store(lower.selectFrom(x, y).reinterpretAsFloats(), to, target + (i + 1) * rowTo);
      }
    }
  }
}
