package norma.kernels.vector;

import static norma.kernels.vector.Vectors.LANES;
import static norma.kernels.vector.Vectors.get;
import static norma.kernels.vector.Vectors.load;
import static norma.kernels.vector.Vectors.set;
import static norma.kernels.vector.Vectors.store;

import java.lang.foreign.MemorySegment;
import norma.array.Array;
import norma.kernels.Grad;
import org.jspecify.annotations.Nullable;

/// Products in float32 where there are 16 vector registers: tiles of [Tiles#SLIM_ROWS] rows by one vector of columns, for which both operands are
/// packed in the same way (docs/decisions/0004 has the figures of other tiles).
final class StripProducts implements LinearProducts {
  /// Elements of the right operand that stay in the second-level cache while all rows pass by.
  private static final int CACHED = 48 * 1024;

  private final PreparedWeights<PackedWeight> prepared;
  private final float[] tile = new float[Math.max(Tiles.SLIM_ROWS, LANES) * LANES];
  private final Spare left = new Spare();
  private final Spare right = new Spare();

  /// @param prepared shared by all workers
  StripProducts(PreparedWeights<PackedWeight> prepared) {
    this.prepared = prepared;
  }

  /// An operand (inner, columns) in the order in which tiles read it: pieces of `width` columns, row after row, the last one filled up with
  /// zeros.
  private record Pieces(MemorySegment segment, int inner, int columns, int width) {

    /// Packs (inner, columns).
    static Pieces of(Matrix b, int inner, int columns, int width, Spare spare) {
      Pieces pieces = new Pieces(spare.floats((long) Math.ceilDiv(columns, width) * width * inner), inner, columns,
          width);
      int grouped = width == LANES ? columns / (Loops.GROUP * LANES) * Loops.GROUP * LANES : 0;
      for (int j = 0; j < grouped; j += Loops.GROUP * LANES) {
        Loops.pack(b.segment(), b.at() + j, b.row(), inner, pieces.segment, pieces.at(j));
      }
      for (int j = grouped; j < columns; j += width) {
        Loops.packRest(b.segment(), b.at() + j, b.row(), inner, pieces.segment, pieces.at(j), width,
            Math.min(width, columns - j));
      }
      return pieces;
    }

    /// Packs the transpose of (columns, inner).
    static Pieces transposed(Matrix b, int inner, int columns, int width, Spare spare, float[] block) {
      Pieces pieces = new Pieces(spare.floats((long) Math.ceilDiv(columns, width) * width * inner), inner, columns,
          width);
      for (int j = 0; j < columns; j += width) {
        int count = Math.min(width, columns - j);
        if (count < width) {
          pieces.segment.asSlice(4 * pieces.at(j), 4L * width * inner).fill((byte) 0);
        }
        Panels.transpose(b.from(j), count, inner, new Matrix(pieces.segment, pieces.at(j), width), block);
      }
      return pieces;
    }

    /// Where the piece that starts at column j begins.
    long at(int j) {
      return (long) j * inner;
    }
  }

  /// A weight (N, K) in both orders.
  static final class PackedWeight {
    private final Spare plainMemory = new Spare();
    private final Spare transposedMemory = new Spare();
    private @Nullable Pieces plain;
    private @Nullable Pieces transposed;

    void close() {
      plainMemory.close();
      transposedMemory.close();
    }
  }

  @Override
  public void prepare(Array w) {
    prepared.put(w, PackedWeight::new, weight -> {
      weight.plain = plain(w, weight.plainMemory);
      weight.transposed = transposed(w, weight.transposedMemory);
    });
  }

  private static Pieces plain(Array w, Spare spare) {
    return Pieces.of(Matrix.of(w), w.dim(0), w.dim(1), LANES, spare);
  }

  private Pieces transposed(Array w, Spare spare) {
    return Pieces.transposed(Matrix.of(w), w.dim(1), w.dim(0), LANES, spare, tile);
  }

  @Override
  public void forward(Array x, Array w, Array y) {
    PackedWeight ready = prepared.of(w);
    Pieces weight = ready == null || ready.transposed == null ? transposed(w, right) : ready.transposed;
    multiply(Pieces.transposed(Matrix.of(x), w.dim(1), x.rows(), Tiles.SLIM_ROWS, left, tile), weight, Matrix.of(y),
        false);
  }

  @Override
  public void backward(Array dy, Array x, Array w, @Nullable Grad dx, @Nullable Grad dw) {
    int rows = x.rows();
    if (dx != null) {
      PackedWeight ready = prepared.of(w);
      Pieces weight = ready == null || ready.plain == null ? plain(w, right) : ready.plain;
      multiply(Pieces.transposed(Matrix.of(dy), w.dim(0), rows, Tiles.SLIM_ROWS, left, tile), weight,
          Matrix.of(dx.array()), dx.add());
    }
    if (dw != null) {
      multiply(Pieces.of(Matrix.of(dy), rows, w.dim(0), Tiles.SLIM_ROWS, left),
          Pieces.of(Matrix.of(x), rows, w.dim(1), LANES, right), Matrix.of(dw.array()), dw.add());
    }
  }

  /// `C = A^T B`, or `C += A^T B`.
  private void multiply(Pieces a, Pieces b, Matrix c, boolean add) {
    int block = Math.max(1, CACHED / (b.inner * LANES)) * LANES;
    for (int from = 0; from < b.columns; from += block) {
      int end = Math.min(b.columns, from + block);
      for (int i = 0; i < a.columns; i += Tiles.SLIM_ROWS) {
        int rows = Math.min(Tiles.SLIM_ROWS, a.columns - i);
        for (int j = from; j < end; j += LANES) {
          Tiles.slim(b.inner, a.segment, 4 * a.at(i), b.segment, 4 * b.at(j), tile);
          long to = c.at() + i * c.row() + j;
          if (b.columns - j >= LANES) {
            Loops.put(tile, rows, c.segment(), to, c.row(), add);
          } else {
            Loops.putPart(tile, rows, c.segment(), to, c.row(), b.columns - j, add);
          }
        }
      }
    }
  }

  @Override
  public void close() {
    left.close();
    right.close();
  }

  /// One compilation each: see the package's description.
  private static final class Loops {
    /// Pieces that are packed together: their columns are whole cache lines, and the places they go to few enough for the first-level cache.
    static final int GROUP = 4;

    static void pack(MemorySegment b, long at, long row, int inner, MemorySegment packed, long to) {
      long piece = (long) inner * LANES;
      for (int k = 0; k < inner; k++) {
        long from = at + k * row;
        long next = to + (long) k * LANES;
        store(load(b, from), packed, next);
        store(load(b, from + LANES), packed, next + piece);
        store(load(b, from + 2L * LANES), packed, next + 2 * piece);
        store(load(b, from + 3L * LANES), packed, next + 3 * piece);
      }
    }

    static void packRest(MemorySegment b, long at, long row, int inner, MemorySegment packed, long to, int width,
        int count) {
      for (int k = 0; k < inner; k++) {
        for (int c = 0; c < width; c++) {
          set(packed, to + (long) k * width + c, c < count ? get(b, at + k * row + c) : 0);
        }
      }
    }

    static void put(float[] tile, int rows, MemorySegment c, long at, long row, boolean add) {
      for (int r = 0; r < rows; r++) {
        Products.putHere(tile, r * LANES, c, at + r * row, add);
      }
    }

    static void putPart(float[] tile, int rows, MemorySegment c, long at, long row, int columns, boolean add) {
      for (int r = 0; r < rows; r++) {
        for (int i = 0; i < columns; i++) {
          long to = at + r * row + i;
          set(c, to, add ? get(c, to) + tile[r * LANES + i] : tile[r * LANES + i]);
        }
      }
    }
  }
}
