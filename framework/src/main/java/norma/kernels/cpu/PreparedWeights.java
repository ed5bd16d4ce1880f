package norma.kernels.cpu;

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
  record Packed(Panels plain, Panels transposed) {}

  /// A weight's memory, and what holds of it.
  static final class Weight {
    final Spare plain = new Spare();
    final Spare transposed = new Spare();
    volatile @Nullable Packed packed;
  }

  /// The memory of a weight. Different threads may pack different ones.
  Weight of(Array w) {
    return weights.computeIfAbsent(Key.of(w), _ -> new Weight());
  }

  /// What was packed and still holds; null if nothing is.
  @Nullable
  Packed packed(Array w) {
    Weight weight = weights.get(Key.of(w));
    return weight == null ? null : weight.packed;
  }

  /// The weights have other values now.
  void forget() {
    weights.values().forEach(weight -> weight.packed = null);
  }

  @Override
  public void close() {
    weights.values().forEach(weight -> {
      weight.plain.close();
      weight.transposed.close();
    });
    weights.clear();
  }
}
