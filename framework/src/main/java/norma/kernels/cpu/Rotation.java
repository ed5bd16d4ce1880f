package norma.kernels.cpu;

import norma.array.Array;
import norma.formula.Routine;
import norma.kernels.Grad;
import norma.kernels.RotaryAngles;
import norma.kernels.rows.RowKernels;
import norma.kernels.rows.Rows;
import org.jspecify.annotations.Nullable;

/// Turns heads: a head's two halves are the real and the imaginary parts of complex numbers. Turning back is turning with the halves
/// in each other's place; a head that keeps its place is turned by the angles of position 0.
final class Rotation {
  private static final Routine TURN = Routine.of("""
      strided a b u v; gathered c s
      u = a * c - b * s
      v = b * c + a * s""");
  private static final Routine TURN_ADD = Routine.of("""
      strided a b u v; gathered c s
      u = u + (a * c - b * s)
      v = v + (b * c + a * s)""");

  private final RowKernels rows;
  private final RotaryAngles angles;
  private @Nullable Places gathered; // by TURN

  /// Where each head's angles lie.
  private record Places(Array table, int first, int batch, int time, int all, int heads) {
    long[] starts(int headWidth, long at) {
      long[] starts = new long[batch * time * all];
      int i = 0;
      for (int b = 0; b < batch; b++) {
        for (int t = 0; t < time; t++) {
          for (int h = 0; h < all; h++) {
            starts[i++] = at + (h < heads ? (first + t) * (headWidth / 2) : 0);
          }
        }
      }
      return starts;
    }
  }

  /// @param rows of this worker
  Rotation(RowKernels rows, RotaryAngles angles) {
    this.rows = rows;
    this.angles = angles;
  }

  /// See [norma.kernels.Kernels#rotate].
  void run(Array x, int heads, int headWidth, int first, boolean back, Grad y) {
    Array table = angles.table(headWidth, first + x.dim(1));
    int half = headWidth / 2;
    int real = back ? half : 0;
    int imaginary = half - real;
    Rows turn = rows.routine(y.add() ? TURN_ADD : TURN, half, headWidth);
    Places places = new Places(table, first, x.dim(0), x.dim(1), x.dim(2) / headWidth, heads);
    if (y.add() || !places.equals(gathered)) {
      turn.gather(4, table.segment(), places.starts(headWidth, 0))
          .gather(5, table.segment(), places.starts(headWidth, table.size() / 2));
      gathered = y.add() ? gathered : places;
    }
    turn.bind(0, x.segment(), real).bind(1, x.segment(), imaginary).bind(2, y.array().segment(), real)
        .bind(3, y.array().segment(), imaginary).run(x.rows() * places.all);
  }
}
