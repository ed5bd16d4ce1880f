package norma.kernels.vector;

import norma.array.Array;
import norma.kernels.Grad;
import org.jspecify.annotations.Nullable;

/// Products in float32 by register tiles.
final class TileProducts implements LinearProducts {
  private final PreparedWeights<PackedWeight> prepared;
  private final float[] tile = new float[Tiles.SIZE];
  private final Spare left = new Spare();
  private final Spare right = new Spare();

  /// @param prepared shared by all workers
  TileProducts(PreparedWeights<PackedWeight> prepared) {
    this.prepared = prepared;
  }

  /// A weight (N, K) in both orders.
  static final class PackedWeight {
    private final Spare plainMemory = new Spare();
    private final Spare transposedMemory = new Spare();
    private @Nullable Panels plain;
    private @Nullable Panels transposed;

    void close() {
      plainMemory.close();
      transposedMemory.close();
    }
  }

  @Override
  public void prepare(Array w) {
    prepared.put(w, PackedWeight::new, weight -> {
      weight.plain = Panels.of(Matrix.of(w), w.dim(0), w.dim(1), weight.plainMemory);
      weight.transposed = Panels.transposed(Matrix.of(w), w.dim(1), w.dim(0), weight.transposedMemory, tile);
    });
  }

  @Override
  public void forward(Array x, Array w, Array y) {
    PackedWeight ready = prepared.of(w);
    Panels panels = ready == null || ready.transposed == null
        ? Panels.transposed(Matrix.of(w), w.dim(1), w.dim(0), right, tile)
        : ready.transposed;
    Products.multiply(x.rows(), Matrix.of(x), panels, Matrix.of(y), false, tile);
  }

  @Override
  public void backward(Array dy, Array x, Array w, @Nullable Grad dx, @Nullable Grad dw) {
    int rows = x.rows();
    if (dx != null) {
      PackedWeight ready = prepared.of(w);
      Panels panels = ready == null || ready.plain == null
          ? Panels.of(Matrix.of(w), w.dim(0), w.dim(1), right)
          : ready.plain;
      Products.multiply(rows, Matrix.of(dy), panels, Matrix.of(dx.array()), dx.add(), tile);
    }
    if (dw != null) {
      Products.multiplyTransposed(rows, Matrix.of(dy), w.dim(0), Matrix.of(x), w.dim(1), Matrix.of(dw.array()),
          dw.add(),
          left, right, tile);
    }
  }

  @Override
  public void close() {
    left.close();
    right.close();
  }
}
