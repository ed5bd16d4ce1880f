package norma.kernels.vector;

import static norma.kernels.vector.Vectors.LANES;
import static norma.kernels.vector.Vectors.get;
import static norma.kernels.vector.Vectors.load;
import static norma.kernels.vector.Vectors.set;
import static norma.kernels.vector.Vectors.store;
import static norma.kernels.vector.Vectors.whole;
import static norma.kernels.vector.Vectors.zero;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import norma.array.Array;

/// Rows rounded to int8, each with a scale of its own.
final class RowRounding {
  /// From here to 2^24 float32 has whole numbers only: a sum is rounded to one, halves to even.
  private static final float WHOLE_NUMBERS = 0x1.8p23f;
  private static final float LARGEST = 127;

  private RowRounding() {}

  static void round(Array x, Array y) {
    Loops.round(x.segment(), x.rows(), x.dim(-1), y.segment());
  }

  /// One compilation each: see the package's description.
  private static final class Loops {

    static void round(MemorySegment x, int rows, int width, MemorySegment y) {
      for (int row = 0; row < rows; row++) {
        long at = (long) row * width;
        float scale = Math.max(absmax(x, at, width) / LARGEST, Float.MIN_NORMAL);
        int i = 0;
        for (; i < whole(width); i += LANES) {
          store(load(x, at + i).div(scale).add(WHOLE_NUMBERS).sub(WHOLE_NUMBERS).mul(scale), y, at + i);
        }
        for (; i < width; i++) {
          set(y, at + i, (get(x, at + i) / scale + WHOLE_NUMBERS - WHOLE_NUMBERS) * scale);
        }
      }
    }

    private static float absmax(MemorySegment x, long at, int width) {
      FloatVector most = zero();
      int i = 0;
      for (; i < whole(width); i += LANES) {
        most = most.max(load(x, at + i).abs());
      }
      float largest = most.reduceLanes(VectorOperators.MAX);
      for (; i < width; i++) {
        largest = Math.max(largest, Math.abs(get(x, at + i)));
      }
      return largest;
    }
  }
}
