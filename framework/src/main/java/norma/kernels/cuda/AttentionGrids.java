package norma.kernels.cuda;

import norma.array.Array;
import norma.kernels.cuda.Launch.Grid;

/// Which attention kernels serve a head width, and their grids: a block for a tile of rows of one head.
///
/// @param bf16 whether activations are bfloat16, so that the tensor cores can multiply them
record AttentionGrids(boolean bf16) {
  /// A kernel with its grid.
  record Kernel(String name, Grid grid) {}

  Kernel forward(Array y, int heads) {
    return new Kernel("attention", grid(y, heads));
  }

  Kernel delta(Array y, int heads) {
    return new Kernel("attention_delta", grid(y, heads));
  }

  Kernel queries(Array y, int heads) {
    return new Kernel("attention_backward_queries", grid(y, heads));
  }

  Kernel keys(Array y, int heads) {
    return new Kernel("attention_backward_keys", grid(y, heads));
  }

  private static Grid grid(Array y, int heads) {
    return new Grid(Math.ceilDiv(y.dim(1), 32), Math.min(65535, y.dim(0) * heads), 128, 0);
  }
}
