package norma.kernels;

import java.util.HashMap;
import java.util.Map;
import norma.array.Array;

/// The angles of rotary position embedding: pair i of a head of width D turns by `t 10000^(-2 i / D)` at position t (Su et al.,
/// arXiv:2104.09864, equation 15). Their cosines and sines are kept for all kernels of a backend.
public final class RotaryAngles {
  private static final double BASE = 10_000;

  private final Backend backend;
  private final Map<Integer, Array> tables = new HashMap<>(); // by head width

  /// @param backend keeps them, in the type of its weights
  public RotaryAngles(Backend backend) {
    this.backend = backend;
  }

  /// Cosines and sines.
  ///
  /// @param headWidth D
  /// @param time      T
  /// @return (2, at least T, D/2)
  public synchronized Array table(int headWidth, int time) {
    Array known = tables.get(headWidth);
    if (known != null && known.dim(1) >= time) {
      return known;
    }
    int positions = known == null ? time : Math.max(time, 2 * known.dim(1));
    Array table = backend.allocate(backend.dtype(), 2, positions, headWidth / 2);
    backend.write(table, of(headWidth, 0, positions));
    tables.put(headWidth, table);
    return table;
  }

  /// The same numbers for positions from `first` on, (2, T, D/2).
  public static double[] of(int headWidth, int first, int time) {
    int half = headWidth / 2;
    double[] table = new double[2 * time * half];
    for (int t = 0; t < time; t++) {
      for (int i = 0; i < half; i++) {
        double angle = (first + t) * Math.pow(BASE, -2.0 * i / headWidth);
        table[t * half + i] = Math.cos(angle);
        table[(time + t) * half + i] = Math.sin(angle);
      }
    }
    return table;
  }
}
