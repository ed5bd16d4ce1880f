package norma.kernels.vector;

import static norma.kernels.vector.Tiles.ROWS;
import static norma.kernels.vector.Vectors.LANES;
import static norma.kernels.vector.Vectors.get;
import static norma.kernels.vector.Vectors.load;
import static norma.kernels.vector.Vectors.set;
import static norma.kernels.vector.Vectors.store;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/// Matrix products: in which order [Tiles] go over the operands, so that what is read again is still in a cache, and where their
/// sums go.
final class Products {
  /// Elements that stay in the second-level cache beside a panel.
  private static final int CACHED = 192 * 1024;

  private Products() {}

  /// `C = A B`, or `C += A B`. A block of rows of A stays in the second-level cache while all panels pass by.
  ///
  /// @param a    (rows, inner of b)
  /// @param c    (rows, columns of b)
  /// @param tile spare memory for one tile
  static void multiply(int rows, Matrix a, Panels b, Matrix c, boolean add, float[] tile) {
    Loops.multiply(rows, a, b, c, add, tile);
  }

  private static void block(int from, int end, int rows, Matrix a, Panels b, int j, Matrix c, boolean add,
      float[] tile) {
    boolean few = rows < ROWS;
    for (int next = from; next < end; next += few ? 1 : ROWS) {
      int i = few ? next : Math.min(next, rows - ROWS); // the last tile of all overlaps the one before it
      long atA = 4 * (a.at() + i * a.row());
      long rowA = few ? 0 : 4 * a.row(); // fewer rows than a tile: one at a time, all of the tile the same
      if (wide(b, j)) {
        Tiles.wide(b.inner(), a.segment(), atA, rowA, b.segment(), b.panel(j), tile);
      } else {
        Tiles.narrow(b.inner(), a.segment(), atA, rowA, b.segment(), b.panel(j), tile);
      }
      put(tile, few ? ROWS - 1 : next - i, b, j, c.from(next), ROWS, add);
    }
  }

  /// `C = A^T B`, or `C += A^T B`.
  ///
  /// @param a strips of A (inner of b, rows)
  /// @param c (rows, columns of b)
  static void multiplyTransposed(Strips a, Panels b, Matrix c, boolean add, float[] tile) {
    Loops.multiplyTransposed(a, b, c, add, tile);
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
        Tiles.wideStrip(b.inner(), a.segment(), a.strip(next), b.segment(), b.panel(j), tile);
      } else {
        Tiles.narrowStrip(b.inner(), a.segment(), a.strip(next), b.segment(), b.panel(j), tile);
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

  /// One compilation each: see the package's description.
  private static final class Loops {

    static void multiply(int rows, Matrix a, Panels b, Matrix c, boolean add, float[] tile) {
      int block = Math.max(1, CACHED / Math.max(b.inner(), b.columns()) / ROWS) * ROWS;
      for (int from = 0; from < rows; from += block) {
        for (int j = 0; j < b.columns(); j += Panels.WIDE) {
          block(from, Math.min(rows, from + block), rows, a, b, j, c, add, tile);
        }
      }
    }

    static void multiplyTransposed(Strips a, Panels b, Matrix c, boolean add, float[] tile) {
      for (int j = 0; j < b.columns(); j += Panels.WIDE) {
        strips(a, b, j, c, add, tile);
      }
    }

    /// Rows `[first, end)` of a tile of two or four vectors to c, or added to it.
    static void putWhole(float[] tile, int first, int end, MemorySegment c, long atC, long rowC, boolean four,
        boolean add) {
      long to = atC;
      for (int r = first; r < end; r++) {
        int from = r * (four ? 4 * LANES : 2 * LANES);
        putHere(tile, from, c, to, add);
        putHere(tile, from + LANES, c, to + LANES, add);
        if (four) {
          putHere(tile, from + 2 * LANES, c, to + 2L * LANES, add);
          putHere(tile, from + 3 * LANES, c, to + 3L * LANES, add);
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

  /// A vector of a tile to c, or added to it.
  static void putHere(float[] tile, int from, MemorySegment c, long to, boolean add) {
    FloatVector sums = FloatVector.fromArray(Vectors.SPECIES, tile, from);
    store(add ? load(c, to).add(sums) : sums, c, to);
  }
}
