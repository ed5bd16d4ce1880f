package norma.autodiff;

import java.util.HashMap;
import java.util.Map;
import norma.array.Array;
import norma.kernels.Backend;

/// Keys and values of one sequence's tokens, by layer: what passes over its first tokens leave for those over the next ones
/// ([Pass#after]). Its memory is the backend's, and stays.
public final class KeyValueCache {
  private final Backend backend;
  private final int context;
  private final Map<String, Array> layers = new HashMap<>();

  /// @param context most tokens
  public KeyValueCache(Backend backend, int context) {
    this.backend = backend;
    this.context = context;
  }

  /// A layer's rows.
  ///
  /// @param layer its name
  /// @param width of keys and values together, 2K D
  /// @return (context, 2K D)
  public Array of(String layer, int width) {
    return layers.computeIfAbsent(layer, _ -> backend.allocate(backend.activations(), context, width));
  }
}
