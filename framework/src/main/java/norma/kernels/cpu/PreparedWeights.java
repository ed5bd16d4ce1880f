package norma.kernels.cpu;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import norma.array.Array;
import norma.array.Memory;
import org.jspecify.annotations.Nullable;

/// Weights of linear layers, made ready once for all products of a step and for all workers. The memory stays from step to step.
///
/// @param <W> a weight as the products read it
final class PreparedWeights<W> implements AutoCloseable {
  private final Map<Key, Entry<W>> weights = new ConcurrentHashMap<>();
  private final Consumer<W> release;

  /// @param release gives the memory of a weight back
  PreparedWeights(Consumer<W> release) {
    this.release = release;
  }

  private record Key(Memory memory, long offset, int rows, int columns) {
    static Key of(Array w) {
      return new Key(w.memory(), w.offset(), w.dim(0), w.dim(1));
    }
  }

  private static final class Entry<W> {
    private final W weight;
    private volatile boolean valid;

    Entry(W weight) {
      this.weight = weight;
    }
  }

  /// Makes one weight ready. Different threads may do so with different weights.
  ///
  /// @param create its memory, the first time
  /// @param fill   brings it up to date
  void put(Array w, Supplier<W> create, Consumer<W> fill) {
    Entry<W> entry = weights.computeIfAbsent(Key.of(w), key -> new Entry<>(create.get()));
    fill.accept(entry.weight);
    entry.valid = true;
  }

  /// What was made ready and still holds; null if nothing is.
  @Nullable
  W of(Array w) {
    Entry<W> entry = weights.get(Key.of(w));
    return entry == null || !entry.valid ? null : entry.weight;
  }

  /// The weights have other values now.
  void forget() {
    for (Entry<W> entry : weights.values()) {
      entry.valid = false;
    }
  }

  @Override
  public void close() {
    List<Entry<W>> all = new ArrayList<>(weights.values());
    weights.clear();
    all.forEach(entry -> release.accept(entry.weight));
  }
}
