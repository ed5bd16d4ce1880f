package norma.kernels.cuda;

import norma.array.Array;
import norma.kernels.cuda.Compiler.Source;
import norma.kernels.cuda.Launch.Grid;

/// Which attention kernels serve a head width, and their grid: a block for a tile of rows of one head. The numbers are those of
/// `attention.cu` and `attention_mma.cu`.
///
/// @param tensorCores whether activations are bfloat16, so that the tensor cores can multiply them
record AttentionGrids(boolean tensorCores) {
  private static final int THREADS = 128;
  private static final int ROWS = 64;
  private static final int ROWS_OF_WIDEST = 32;
  private static final int WIDEST = 256;
  /// Of the tensor cores' kernels, in steps of 16.
  private static final int WIDEST_OF_TENSOR_CORES = 128;
  private static final int MOST_BLOCKS = 65_535; // of the second dimension

  /// @param headWidth that the source is compiled for: the head's, or the next one above
  record Choice(Source source, int headWidth, Grid grid) {}

  /// @param y (B, T, C)
  /// @throws IllegalArgumentException if a head is too wide
  Choice of(Array y, int heads) {
    int width = y.dim(-1) / heads;
    if (tensorCores && width % 16 == 0 && width <= WIDEST_OF_TENSOR_CORES) {
      return new Choice(Source.ATTENTION_MMA, width, grid(y, heads, ROWS));
    }
    if (width > WIDEST) {
      throw new IllegalArgumentException("model.width / model.heads is " + width
          + ", wider than the attention kernels of the backend cuda; expected at most " + WIDEST);
    }
    int served = width <= 64 ? 64 : width <= 128 ? 128 : WIDEST;
    return new Choice(Source.ATTENTION, served, grid(y, heads, served == WIDEST ? ROWS_OF_WIDEST : ROWS));
  }

  private static Grid grid(Array y, int heads, int rows) {
    return new Grid(Math.ceilDiv(y.dim(1), rows), Math.min(MOST_BLOCKS, y.dim(0) * heads), THREADS);
  }
}
