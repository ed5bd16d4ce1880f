package norma.kernels.vector;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import norma.array.Array;
import norma.array.Memory;
import org.jspecify.annotations.Nullable;

/// Weights of linear layers, packed once for all products of a step and for all workers. The memory stays from step to step.
final class PreparedWeights implements AutoCloseable {
  private final Map<Key, Weight> weights = new ConcurrentHashMap<>();

  private record Key(Memory memory, long offset, int rows, int columns) {
    static Key of(Array w) {
      return new Key(w.memory(), w.offset(), w.dim(0), w.dim(1));
    }
  }

  /// A weight (N, K) in both orders.
  static final class Weight {
    private final Spare plainMemory = new Spare();
    private final Spare transposedMemory = new Spare();
    private @Nullable Panels plain;
    private @Nullable Panels transposed;
    private volatile boolean valid;

    /// For the gradient of the input.
    Panels plain() {
      return java.util.Objects.requireNonNull(plain);
    }

    /// For forward.
    Panels transposed() {
      return java.util.Objects.requireNonNull(transposed);
    }
  }

  /// Packs one weight, with spare memory for one tile. Different threads may pack different weights.
  void pack(Array w, float[] tile) {
    Weight weight = weights.computeIfAbsent(Key.of(w), key -> new Weight());
    weight.plain = Panels.of(Matrix.of(w), w.dim(0), w.dim(1), weight.plainMemory);
    weight.transposed = Panels.transposed(Matrix.of(w), w.dim(1), w.dim(0), weight.transposedMemory, tile);
    weight.valid = true;
  }

  /// What was packed and still holds; null if nothing is.
  @Nullable
  Weight of(Array w) {
    Weight weight = weights.get(Key.of(w));
    return weight == null || !weight.valid ? null : weight;
  }

  /// The weights have other values now.
  void forget() {
    for (Weight weight : weights.values()) {
      weight.valid = false;
    }
  }

  @Override
  public void close() {
    List<Weight> all = new ArrayList<>(weights.values());
    weights.clear();
    for (Weight weight : all) {
      weight.plainMemory.close();
      weight.transposedMemory.close();
    }
  }
}
