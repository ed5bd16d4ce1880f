package norma.kernels.cpu;

import norma.array.Array;
import norma.kernels.Grad;
import norma.kernels.cpu.PreparedWeights.Packed;
import org.jspecify.annotations.Nullable;

/// The three products of a linear layer, for one worker thread. Shapes: x (rows, in), w (out, in), y (rows, out).
///
/// They are float32, or their operands are rounded to bfloat16 (8 bits of significand) while sums and everything else of a step stay
/// float32, the weights that the optimizer sees too (Micikevicius et al. 2018, arXiv:1710.03740).
final class LinearProducts implements AutoCloseable {
  private final Tiles tiles;
  private final PreparedWeights prepared;
  private final Spare left = new Spare();
  private final Spare right = new Spare();

  /// @param tiles    of this worker
  /// @param prepared shared by all workers
  LinearProducts(Tiles tiles, PreparedWeights prepared) {
    this.tiles = tiles;
    this.prepared = prepared;
  }

  /// Packs a weight once for all products until its values change. Different threads may prepare different weights.
  void prepare(Array w) {
    PreparedWeights.Weight weight = prepared.of(w);
    weight.packed = new Packed(packed(Matrix.of(w), w.dim(0), w.dim(1), weight.plain),
        transposed(w, weight.transposed));
  }

  private Panels packed(Matrix b, int inner, int columns, Spare spare) {
    Panels panels = Panels.in(spare, inner, columns, tiles);
    tiles.pack(b, inner, columns, panels);
    return panels;
  }

  private Panels transposed(Array w, Spare spare) {
    Panels panels = Panels.in(spare, w.dim(1), w.dim(0), tiles);
    tiles.packTransposed(tiles.rows(Matrix.of(w), w.dim(0), w.dim(1), left), w.dim(1), w.dim(0), panels);
    return panels;
  }

  /// `y = x w^T`.
  void forward(Array x, Array w, Array y) {
    Packed ready = prepared.packed(w);
    Panels weight = ready == null ? transposed(w, right) : ready.transposed();
    int rows = x.rows();
    int in = w.dim(1);
    tiles.multiply(rows, w.dim(0), in, tiles.rows(Matrix.of(x), rows, in, left), false, weight, Matrix.of(y), false);
  }

  /// `dx = dy w`, `dw = dy^T x`.
  void backward(Array dy, Array x, Array w, @Nullable Grad dx, @Nullable Grad dw) {
    int rows = x.rows();
    int in = w.dim(1);
    int out = w.dim(0);
    if (dx != null) {
      Packed ready = prepared.packed(w);
      Panels weight = ready == null ? packed(Matrix.of(w), out, in, right) : ready.plain();
      tiles.multiply(rows, in, out, tiles.rows(Matrix.of(dy), rows, out, left), false, weight, Matrix.of(dx.array()),
          dx.add());
    }
    if (dw != null) {
      Panels inputs = packed(Matrix.of(x), rows, in, right);
      tiles.multiply(out, in, rows, tiles.columns(Matrix.of(dy), rows, out, left), true, inputs, Matrix.of(dw.array()),
          dw.add());
    }
  }

  @Override
  public void close() {
    left.close();
    right.close();
  }
}
