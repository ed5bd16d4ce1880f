package norma.kernels.cpu;

import java.lang.foreign.MemorySegment;
import norma.array.Array;
import norma.formula.Routine;
import norma.kernels.Grad;
import norma.kernels.RotaryAngles;
import norma.kernels.rows.RowKernels;
import norma.kernels.rows.Rows;

/// Turns heads: a head's two halves are the real and the imaginary parts of complex numbers. Turning back is turning with the halves
/// in each other's place.
final class Rotation {
  private static final Routine TURN = Routine.of("""
      strided a b u v; elements c s
      u = a * c - b * s
      v = b * c + a * s""");
  private static final Routine TURN_ADD = Routine.of("""
      strided a b u v; elements c s
      u = u + (a * c - b * s)
      v = v + (b * c + a * s)""");
  private static final Routine COPY = Routine.of("strided from to; to = from");
  private static final Routine COPY_ADD = Routine.of("strided from to; to = to + from");

  private final RowKernels rows;
  private final RotaryAngles angles;

  /// @param rows of this worker
  Rotation(RowKernels rows, RotaryAngles angles) {
    this.rows = rows;
    this.angles = angles;
  }

  /// See [norma.kernels.Kernels#rotate].
  void run(Array x, int heads, int headWidth, boolean back, Grad y) {
    int row = x.dim(2);
    int time = x.dim(1);
    MemorySegment from = x.segment();
    MemorySegment to = y.array().segment();
    Array table = angles.table(headWidth, time);
    int half = headWidth / 2;
    int real = back ? half : 0;
    int imaginary = half - real;
    Rows turn = rows.routine(y.add() ? TURN_ADD : TURN, half, row).bind(4, table.segment(), 0)
        .bind(5, table.segment(), table.size() / 2);
    for (int b = 0; b < x.dim(0); b++) {
      for (int h = 0; h < heads; h++) {
        long at = (long) b * time * row + (long) h * headWidth;
        turn.bind(0, from, at + real).bind(1, from, at + imaginary).bind(2, to, at + real)
            .bind(3, to, at + imaginary).run(time);
      }
    }
    int turned = heads * headWidth;
    if (turned < row) {
      rows.routine(y.add() ? COPY_ADD : COPY, row - turned, row).bind(0, from, turned).bind(1, to, turned)
          .run(x.rows());
    }
  }
}
