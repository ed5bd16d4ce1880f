package norma.kernels.cuda;

import norma.array.Array;
import norma.kernels.cuda.Compiler.Source;
import norma.kernels.cuda.Launch.Grid;

/// How many threads kernels have. The numbers are those of their sources.
///
/// @param multiprocessors of the GPU
/// @param bf16            whether activations are bfloat16
record Grids(long multiprocessors, boolean bf16) {
  private static final int THREADS = 256;
  /// Most blocks of a kernel for each multiprocessor.
  private static final int WAVES = 32;
  /// Blocks of kernels that keep sums until their end, as many as work on a multiprocessor at the same time.
  private static final int SUMS = 4;

  private static final int ATTENTION_THREADS = 128;
  private static final int ATTENTION_ROWS = 64;
  private static final int ROWS_OF_WIDEST = 32;
  static final int WIDEST = 256;
  /// Of the tensor cores' kernels, in steps of 16.
  private static final int WIDEST_OF_TENSOR_CORES = 128;
  private static final int MOST_BLOCKS = 65_535; // of the second dimension

  /// Blocks side by side.
  static Grid of(int blocks) {
    return of(blocks, 1);
  }

  static Grid of(int x, int y) {
    return new Grid(x, y, THREADS);
  }

  /// Elements of an access of 16 bytes.
  int lane() {
    return bf16 ? 8 : 4;
  }

  /// A thread for each access to so many elements.
  Grid each(long size) {
    return each(size, lane());
  }

  /// A thread for each run of so many elements.
  Grid each(long size, int elements) {
    return of(Math.toIntExact(
        Math.min(Math.ceilDiv(Math.max(1, size), (long) elements * THREADS), WAVES * multiprocessors)));
  }

  /// A warp for each row.
  Grid warps(int rows) {
    return of(resident(rows, WAVES));
  }

  /// For sums over rows.
  int sums(int rows) {
    return resident(rows, SUMS);
  }

  /// For sums over all elements.
  Grid sums(long size, int elements) {
    return of(Math.min(each(size, elements).x(), sums(Integer.MAX_VALUE)));
  }

  /// As many blocks as work at the same time, side by side where they share rows.
  Grid of(RowWork work, int rows) {
    int across = work.across();
    return of(Math.ceilDiv(resident(rows * across, work.blocks()), across), across);
  }

  /// As many blocks as work at the same time, at most one for eight rows.
  ///
  /// @param blocks of a multiprocessor
  private int resident(int rows, int blocks) {
    return Math.toIntExact(Math.min(Math.ceilDiv(rows, THREADS / Lanes.WARP), blocks * multiprocessors));
  }

  /// Which attention kernels serve a head width, and their grid: a block for a tile of rows of one head.
  ///
  /// @param headWidth that the source is compiled for: the head's, or the next one above
  record Attention(Source source, int headWidth, Grid grid) {}

  /// @param y (B, T, C)
  /// @throws IllegalArgumentException if a head is too wide
  Attention attention(Array y, int heads) {
    int width = y.dim(-1) / heads;
    if (bf16 && width % 16 == 0 && width <= WIDEST_OF_TENSOR_CORES) {
      return new Attention(Source.ATTENTION_MMA, width, attention(y, heads, ATTENTION_ROWS));
    }
    if (width > WIDEST) {
      throw new IllegalArgumentException("a head has " + width + " channels; expected at most " + WIDEST);
    }
    int served = width <= 64 ? 64 : width <= 128 ? 128 : WIDEST;
    return new Attention(Source.ATTENTION, served,
        attention(y, heads, served == WIDEST ? ROWS_OF_WIDEST : ATTENTION_ROWS));
  }

  private static Grid attention(Array y, int heads, int rows) {
    return new Grid(Math.ceilDiv(y.dim(1), rows), Math.min(MOST_BLOCKS, y.dim(0) * heads), ATTENTION_THREADS);
  }
}
