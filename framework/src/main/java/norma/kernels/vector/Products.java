package norma.kernels.vector;

import static norma.kernels.vector.Vectors.LANES;
import static norma.kernels.vector.Vectors.broadcastAt;
import static norma.kernels.vector.Vectors.get;
import static norma.kernels.vector.Vectors.load;
import static norma.kernels.vector.Vectors.loadAt;
import static norma.kernels.vector.Vectors.set;
import static norma.kernels.vector.Vectors.store;
import static norma.kernels.vector.Vectors.zero;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/// Matrix products by register tiles of 6 rows and four vectors of columns (two where there are 16 registers): 24 sums stay in
/// registers while the inner dimension goes by. The left operand is read a scalar at a time from its rows as they lie, the
/// right one from [Panels], a cache line at a time.
///
/// What decided the form (docs/decisions/0004): offsets are `long` sums of something that does not change and a constant times
/// the loop's `int`, so that HotSpot takes the bounds checks out of the loop; no product is added to what is there, the tile
/// goes to spare memory first and is added from there, because one method with both is too large to be compiled without
/// boxing.
final class Products {
  /// Rows of a tile.
  static final int ROWS = 6;
  /// Elements of a tile.
  static final int TILE = ROWS * Panels.WIDE;
  /// Elements that stay in the second-level cache beside a panel.
  private static final int CACHED = 192 * 1024;
  private static final long VECTOR_BYTES = 4L * LANES;
  private static final long WIDE_BYTES = 4L * Panels.WIDE;
  private static final long STRIP_BYTES = 4L * Strips.PITCH;
  private static final long NARROW_BYTES = 4L * Panels.NARROW;

  private Products() {}

  /// `C = A B`, or `C += A B`. A block of rows of A stays in the second-level cache while all panels pass by.
  ///
  /// @param a    (rows, inner of b)
  /// @param c    (rows, columns of b)
  /// @param tile spare memory for one tile
  static void multiply(int rows, Matrix a, Panels b, Matrix c, boolean add, float[] tile) {
    int block = Math.max(1, CACHED / Math.max(b.inner(), b.columns()) / ROWS) * ROWS;
    for (int from = 0; from < rows; from += block) {
      for (int j = 0; j < b.columns(); j += Panels.WIDE) {
        rows(from, Math.min(rows, from + block), a, b, j, c, add, tile);
      }
    }
  }

  private static void rows(int from, int end, Matrix a, Panels b, int j, Matrix c, boolean add, float[] tile) {
    boolean few = end - from < ROWS;
    for (int next = from; next < end; next += few ? 1 : ROWS) {
      int i = few ? next : Math.min(next, end - ROWS); // the last tile overlaps the one before it
      long atA = 4 * (a.at() + i * a.row());
      long rowA = few ? 0 : 4 * a.row(); // fewer rows than a tile: one at a time, all of the tile the same
      if (wide(b, j)) {
        wide(b.inner(), a.segment(), atA, rowA, b.segment(), b.panel(j), tile);
      } else {
        narrow(b.inner(), a.segment(), atA, rowA, b.segment(), b.panel(j), tile);
      }
      put(tile, few ? ROWS - 1 : next - i, b, j, c.from(next), ROWS, add);
    }
  }

  /// `C = A^T B`, or `C += A^T B`.
  ///
  /// @param a strips of A (inner of b, rows)
  /// @param c (rows, columns of b)
  static void multiplyTransposed(Strips a, Panels b, Matrix c, boolean add, float[] tile) {
    for (int j = 0; j < b.columns(); j += Panels.WIDE) {
      strips(a, b, j, c, add, tile);
    }
  }

  /// `C = A^T B`, or `C += A^T B`, for operands that are not packed: the smaller one is packed as a whole and stays in the
  /// second-level cache, the other one a piece at a time.
  ///
  /// @param inner   rows of A and B
  /// @param rows    columns of A
  /// @param columns of B
  static void multiplyTransposed(int inner, Matrix a, int rows, Matrix b, int columns, Matrix c, boolean add,
      Spare strips, Spare panels, float[] tile) {
    if (rows < columns) {
      Strips whole = Strips.of(a, inner, rows, strips);
      for (int j = 0; j < columns; j += Panels.WIDE) {
        Panels piece = Panels.of(b.right(j), inner, Math.min(Panels.WIDE, columns - j), panels);
        strips(whole, piece, 0, c.right(j), add, tile);
      }
    } else {
      Panels whole = Panels.of(b, inner, columns, panels);
      for (int i = 0; i < rows; i += Strips.PIECE) {
        Strips piece = Strips.of(a.right(i), inner, Math.min(Strips.PIECE, rows - i), strips);
        multiplyTransposed(piece, whole, c.from(i), add, tile);
      }
    }
  }

  private static void strips(Strips a, Panels b, int j, Matrix c, boolean add, float[] tile) {
    for (int next = 0; next < a.columns(); next += ROWS) {
      if (wide(b, j)) {
        wideStrip(b.inner(), a.segment(), a.strip(next), b.segment(), b.panel(j), tile);
      } else {
        narrowStrip(b.inner(), a.segment(), a.strip(next), b.segment(), b.panel(j), tile);
      }
      int first = a.columns() < ROWS ? 0 : Math.max(0, next + ROWS - a.columns()); // the last strip overlaps
      put(tile, first, b, j, c.from(next), Math.min(ROWS, a.columns()), add);
    }
  }

  private static boolean wide(Panels b, int j) {
    return Panels.WIDE > Panels.NARROW && b.width(j) == Panels.WIDE;
  }

  private static void put(float[] tile, int first, Panels b, int j, Matrix c, int end, boolean add) {
    int width = b.width(j);
    int columns = Math.min(width, b.columns() - j);
    if (columns == width) {
      Loops.putWhole(tile, first, end, c.segment(), c.at() + j, c.row(), width > Panels.NARROW, add);
    } else {
      Loops.putPart(tile, width, first, end, c.segment(), c.at() + j, c.row(), columns, add);
    }
  }

  /// Six rows by four vectors from zero: nothing but registers in the loop. Offsets in bytes.
  private static void wide(int inner, MemorySegment a, long atA, long rowA, MemorySegment b, long atB,
      float[] tile) {
    FloatVector zero = zero();
    FloatVector c00 = zero;
    FloatVector c01 = zero;
    FloatVector c02 = zero;
    FloatVector c03 = zero;
    FloatVector c10 = zero;
    FloatVector c11 = zero;
    FloatVector c12 = zero;
    FloatVector c13 = zero;
    FloatVector c20 = zero;
    FloatVector c21 = zero;
    FloatVector c22 = zero;
    FloatVector c23 = zero;
    FloatVector c30 = zero;
    FloatVector c31 = zero;
    FloatVector c32 = zero;
    FloatVector c33 = zero;
    FloatVector c40 = zero;
    FloatVector c41 = zero;
    FloatVector c42 = zero;
    FloatVector c43 = zero;
    FloatVector c50 = zero;
    FloatVector c51 = zero;
    FloatVector c52 = zero;
    FloatVector c53 = zero;
    long a1 = atA + rowA;
    long a2 = atA + 2 * rowA;
    long a3 = atA + 3 * rowA;
    long a4 = atA + 4 * rowA;
    long a5 = atA + 5 * rowA;
    for (int k = 0; k < inner; k++) {
      FloatVector b0 = loadAt(b, atB + k * WIDE_BYTES);
      FloatVector b1 = loadAt(b, atB + VECTOR_BYTES + k * WIDE_BYTES);
      FloatVector b2 = loadAt(b, atB + 2 * VECTOR_BYTES + k * WIDE_BYTES);
      FloatVector b3 = loadAt(b, atB + 3 * VECTOR_BYTES + k * WIDE_BYTES);
      FloatVector x0 = broadcastAt(a, atA + k * 4L);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      c02 = x0.fma(b2, c02);
      c03 = x0.fma(b3, c03);
      FloatVector x1 = broadcastAt(a, a1 + k * 4L);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      c12 = x1.fma(b2, c12);
      c13 = x1.fma(b3, c13);
      FloatVector x2 = broadcastAt(a, a2 + k * 4L);
      c20 = x2.fma(b0, c20);
      c21 = x2.fma(b1, c21);
      c22 = x2.fma(b2, c22);
      c23 = x2.fma(b3, c23);
      FloatVector x3 = broadcastAt(a, a3 + k * 4L);
      c30 = x3.fma(b0, c30);
      c31 = x3.fma(b1, c31);
      c32 = x3.fma(b2, c32);
      c33 = x3.fma(b3, c33);
      FloatVector x4 = broadcastAt(a, a4 + k * 4L);
      c40 = x4.fma(b0, c40);
      c41 = x4.fma(b1, c41);
      c42 = x4.fma(b2, c42);
      c43 = x4.fma(b3, c43);
      FloatVector x5 = broadcastAt(a, a5 + k * 4L);
      c50 = x5.fma(b0, c50);
      c51 = x5.fma(b1, c51);
      c52 = x5.fma(b2, c52);
      c53 = x5.fma(b3, c53);
    }
    c00.intoArray(tile, 0);
    c01.intoArray(tile, LANES);
    c02.intoArray(tile, 2 * LANES);
    c03.intoArray(tile, 3 * LANES);
    c10.intoArray(tile, 4 * LANES);
    c11.intoArray(tile, 5 * LANES);
    c12.intoArray(tile, 6 * LANES);
    c13.intoArray(tile, 7 * LANES);
    c20.intoArray(tile, 8 * LANES);
    c21.intoArray(tile, 9 * LANES);
    c22.intoArray(tile, 10 * LANES);
    c23.intoArray(tile, 11 * LANES);
    c30.intoArray(tile, 12 * LANES);
    c31.intoArray(tile, 13 * LANES);
    c32.intoArray(tile, 14 * LANES);
    c33.intoArray(tile, 15 * LANES);
    c40.intoArray(tile, 16 * LANES);
    c41.intoArray(tile, 17 * LANES);
    c42.intoArray(tile, 18 * LANES);
    c43.intoArray(tile, 19 * LANES);
    c50.intoArray(tile, 20 * LANES);
    c51.intoArray(tile, 21 * LANES);
    c52.intoArray(tile, 22 * LANES);
    c53.intoArray(tile, 23 * LANES);
  }

  /// The same, two vectors wide.
  private static void narrow(int inner, MemorySegment a, long atA, long rowA, MemorySegment b, long atB,
      float[] tile) {
    FloatVector zero = zero();
    FloatVector c00 = zero;
    FloatVector c01 = zero;
    FloatVector c10 = zero;
    FloatVector c11 = zero;
    FloatVector c20 = zero;
    FloatVector c21 = zero;
    FloatVector c30 = zero;
    FloatVector c31 = zero;
    FloatVector c40 = zero;
    FloatVector c41 = zero;
    FloatVector c50 = zero;
    FloatVector c51 = zero;
    long a1 = atA + rowA;
    long a2 = atA + 2 * rowA;
    long a3 = atA + 3 * rowA;
    long a4 = atA + 4 * rowA;
    long a5 = atA + 5 * rowA;
    for (int k = 0; k < inner; k++) {
      FloatVector b0 = loadAt(b, atB + k * NARROW_BYTES);
      FloatVector b1 = loadAt(b, atB + VECTOR_BYTES + k * NARROW_BYTES);
      FloatVector x0 = broadcastAt(a, atA + k * 4L);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      FloatVector x1 = broadcastAt(a, a1 + k * 4L);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      FloatVector x2 = broadcastAt(a, a2 + k * 4L);
      c20 = x2.fma(b0, c20);
      c21 = x2.fma(b1, c21);
      FloatVector x3 = broadcastAt(a, a3 + k * 4L);
      c30 = x3.fma(b0, c30);
      c31 = x3.fma(b1, c31);
      FloatVector x4 = broadcastAt(a, a4 + k * 4L);
      c40 = x4.fma(b0, c40);
      c41 = x4.fma(b1, c41);
      FloatVector x5 = broadcastAt(a, a5 + k * 4L);
      c50 = x5.fma(b0, c50);
      c51 = x5.fma(b1, c51);
    }
    c00.intoArray(tile, 0);
    c01.intoArray(tile, LANES);
    c10.intoArray(tile, 2 * LANES);
    c11.intoArray(tile, 3 * LANES);
    c20.intoArray(tile, 4 * LANES);
    c21.intoArray(tile, 5 * LANES);
    c30.intoArray(tile, 6 * LANES);
    c31.intoArray(tile, 7 * LANES);
    c40.intoArray(tile, 8 * LANES);
    c41.intoArray(tile, 9 * LANES);
    c50.intoArray(tile, 10 * LANES);
    c51.intoArray(tile, 11 * LANES);
  }

  /// [#wide] with a strip as the left operand.
  private static void wideStrip(int inner, MemorySegment a, long atA, MemorySegment b, long atB,
      float[] tile) {
    FloatVector zero = zero();
    FloatVector c00 = zero;
    FloatVector c01 = zero;
    FloatVector c02 = zero;
    FloatVector c03 = zero;
    FloatVector c10 = zero;
    FloatVector c11 = zero;
    FloatVector c12 = zero;
    FloatVector c13 = zero;
    FloatVector c20 = zero;
    FloatVector c21 = zero;
    FloatVector c22 = zero;
    FloatVector c23 = zero;
    FloatVector c30 = zero;
    FloatVector c31 = zero;
    FloatVector c32 = zero;
    FloatVector c33 = zero;
    FloatVector c40 = zero;
    FloatVector c41 = zero;
    FloatVector c42 = zero;
    FloatVector c43 = zero;
    FloatVector c50 = zero;
    FloatVector c51 = zero;
    FloatVector c52 = zero;
    FloatVector c53 = zero;
    for (int k = 0; k < inner; k++) {
      FloatVector b0 = loadAt(b, atB + k * WIDE_BYTES);
      FloatVector b1 = loadAt(b, atB + VECTOR_BYTES + k * WIDE_BYTES);
      FloatVector b2 = loadAt(b, atB + 2 * VECTOR_BYTES + k * WIDE_BYTES);
      FloatVector b3 = loadAt(b, atB + 3 * VECTOR_BYTES + k * WIDE_BYTES);
      FloatVector x0 = broadcastAt(a, atA + k * STRIP_BYTES);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      c02 = x0.fma(b2, c02);
      c03 = x0.fma(b3, c03);
      FloatVector x1 = broadcastAt(a, atA + 4L + k * STRIP_BYTES);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      c12 = x1.fma(b2, c12);
      c13 = x1.fma(b3, c13);
      FloatVector x2 = broadcastAt(a, atA + 8L + k * STRIP_BYTES);
      c20 = x2.fma(b0, c20);
      c21 = x2.fma(b1, c21);
      c22 = x2.fma(b2, c22);
      c23 = x2.fma(b3, c23);
      FloatVector x3 = broadcastAt(a, atA + 12L + k * STRIP_BYTES);
      c30 = x3.fma(b0, c30);
      c31 = x3.fma(b1, c31);
      c32 = x3.fma(b2, c32);
      c33 = x3.fma(b3, c33);
      FloatVector x4 = broadcastAt(a, atA + 16L + k * STRIP_BYTES);
      c40 = x4.fma(b0, c40);
      c41 = x4.fma(b1, c41);
      c42 = x4.fma(b2, c42);
      c43 = x4.fma(b3, c43);
      FloatVector x5 = broadcastAt(a, atA + 20L + k * STRIP_BYTES);
      c50 = x5.fma(b0, c50);
      c51 = x5.fma(b1, c51);
      c52 = x5.fma(b2, c52);
      c53 = x5.fma(b3, c53);
    }
    c00.intoArray(tile, 0);
    c01.intoArray(tile, LANES);
    c02.intoArray(tile, 2 * LANES);
    c03.intoArray(tile, 3 * LANES);
    c10.intoArray(tile, 4 * LANES);
    c11.intoArray(tile, 5 * LANES);
    c12.intoArray(tile, 6 * LANES);
    c13.intoArray(tile, 7 * LANES);
    c20.intoArray(tile, 8 * LANES);
    c21.intoArray(tile, 9 * LANES);
    c22.intoArray(tile, 10 * LANES);
    c23.intoArray(tile, 11 * LANES);
    c30.intoArray(tile, 12 * LANES);
    c31.intoArray(tile, 13 * LANES);
    c32.intoArray(tile, 14 * LANES);
    c33.intoArray(tile, 15 * LANES);
    c40.intoArray(tile, 16 * LANES);
    c41.intoArray(tile, 17 * LANES);
    c42.intoArray(tile, 18 * LANES);
    c43.intoArray(tile, 19 * LANES);
    c50.intoArray(tile, 20 * LANES);
    c51.intoArray(tile, 21 * LANES);
    c52.intoArray(tile, 22 * LANES);
    c53.intoArray(tile, 23 * LANES);
  }

  /// [#narrow] with a strip as the left operand.
  private static void narrowStrip(int inner, MemorySegment a, long atA, MemorySegment b, long atB,
      float[] tile) {
    FloatVector zero = zero();
    FloatVector c00 = zero;
    FloatVector c01 = zero;
    FloatVector c10 = zero;
    FloatVector c11 = zero;
    FloatVector c20 = zero;
    FloatVector c21 = zero;
    FloatVector c30 = zero;
    FloatVector c31 = zero;
    FloatVector c40 = zero;
    FloatVector c41 = zero;
    FloatVector c50 = zero;
    FloatVector c51 = zero;
    for (int k = 0; k < inner; k++) {
      FloatVector b0 = loadAt(b, atB + k * NARROW_BYTES);
      FloatVector b1 = loadAt(b, atB + VECTOR_BYTES + k * NARROW_BYTES);
      FloatVector x0 = broadcastAt(a, atA + k * STRIP_BYTES);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      FloatVector x1 = broadcastAt(a, atA + 4L + k * STRIP_BYTES);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      FloatVector x2 = broadcastAt(a, atA + 8L + k * STRIP_BYTES);
      c20 = x2.fma(b0, c20);
      c21 = x2.fma(b1, c21);
      FloatVector x3 = broadcastAt(a, atA + 12L + k * STRIP_BYTES);
      c30 = x3.fma(b0, c30);
      c31 = x3.fma(b1, c31);
      FloatVector x4 = broadcastAt(a, atA + 16L + k * STRIP_BYTES);
      c40 = x4.fma(b0, c40);
      c41 = x4.fma(b1, c41);
      FloatVector x5 = broadcastAt(a, atA + 20L + k * STRIP_BYTES);
      c50 = x5.fma(b0, c50);
      c51 = x5.fma(b1, c51);
    }
    c00.intoArray(tile, 0);
    c01.intoArray(tile, LANES);
    c10.intoArray(tile, 2 * LANES);
    c11.intoArray(tile, 3 * LANES);
    c20.intoArray(tile, 4 * LANES);
    c21.intoArray(tile, 5 * LANES);
    c30.intoArray(tile, 6 * LANES);
    c31.intoArray(tile, 7 * LANES);
    c40.intoArray(tile, 8 * LANES);
    c41.intoArray(tile, 9 * LANES);
    c50.intoArray(tile, 10 * LANES);
    c51.intoArray(tile, 11 * LANES);
  }

  /// One compilation each: see the package's description.
  private static final class Loops {

    /// Rows `[first, end)` of a tile of two or four vectors to c, or added to it.
    static void putWhole(float[] tile, int first, int end, MemorySegment c, long atC, long rowC, boolean four,
        boolean add) {
      long to = atC;
      for (int r = first; r < end; r++) {
        int from = r * (four ? 4 * LANES : 2 * LANES);
        put(tile, from, c, to, add);
        put(tile, from + LANES, c, to + LANES, add);
        if (four) {
          put(tile, from + 2 * LANES, c, to + 2L * LANES, add);
          put(tile, from + 3 * LANES, c, to + 3L * LANES, add);
        }
        to += rowC;
      }
    }

    /// The same for a tile of which some columns are filling.
    static void putPart(float[] tile, int width, int first, int end, MemorySegment c, long atC, long rowC, int columns,
        boolean add) {
      for (int r = first; r < end; r++) {
        for (int i = 0; i < columns; i++) {
          long to = atC + (r - first) * rowC + i;
          set(c, to, add ? get(c, to) + tile[r * width + i] : tile[r * width + i]);
        }
      }
    }
  }

  private static void put(float[] tile, int from, MemorySegment c, long to, boolean add) {
    FloatVector sums = FloatVector.fromArray(Vectors.SPECIES, tile, from);
    store(add ? load(c, to).add(sums) : sums, c, to);
  }
}
