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
import norma.array.Array;
import norma.kernels.Grad;
import org.jspecify.annotations.Nullable;

/// Sums over rows and columns, and stores that add or overwrite.
final class Sums {
  private Sums() {}

  /// Memory of a gradient that rows will be added to: zeroed first if it is to be overwritten; null if nobody needs it.
  static @Nullable MemorySegment start(@Nullable Grad grad) {
    return grad == null ? null : rows(grad);
  }

  /// The same for a gradient that somebody needs.
  static MemorySegment rows(Grad grad) {
    MemorySegment segment = grad.array().segment();
    if (!grad.add()) {
      segment.fill((byte) 0);
    }
    return segment;
  }

  /// Adds a vector to every row.
  static void addToRows(Array vector, Array matrix) {
    Loops.addToRows(vector.segment(), matrix.segment(), matrix.rows(), matrix.dim(-1));
  }

  /// Writes or adds one number.
  static void put(@Nullable Grad grad, double value) {
    if (grad != null) {
      MemorySegment segment = grad.array().segment();
      set(segment, 0, (float) (grad.add() ? get(segment, 0) + value : value));
    }
  }

  /// `to += from`, or `to = from`, all elements.
  static void put(Array from, Grad to) {
    put(from.segment(), to, 0, Math.toIntExact(from.size()));
  }

  /// Writes the first n elements of `from` to the elements of `to` from `at` on, or adds them.
  static void put(MemorySegment from, Grad to, long at, int n) {
    if (to.add()) {
      add(from, 0, to.array().segment(), at, n);
    } else {
      MemorySegment.copy(from, 0, to.array().segment(), 4 * at, 4L * n);
    }
  }

  /// `to[atTo, atTo + n) += from[at, at + n)`.
  static void add(MemorySegment from, long at, MemorySegment to, long atTo, int n) {
    Loops.add(from, at, to, atTo, n);
  }

  /// Adds rows `[row, end)` of a matrix to `sums` (width).
  static void addRows(MemorySegment matrix, int row, int end, int width, MemorySegment sums) {
    Loops.addRows(matrix, row, end, width, sums);
  }

  /// Sums of the columns of a matrix, into a gradient.
  static void columns(Array matrix, Grad grad) {
    addRows(matrix.segment(), 0, matrix.rows(), matrix.dim(-1), rows(grad));
  }

  /// Scalar product of n elements.
  static float dot(MemorySegment a, long atA, MemorySegment b, long atB, int n) {
    return Loops.dot(a, atA, b, atB, n);
  }

  /// The same, as part of the caller's compilation.
  static float dotHere(MemorySegment a, long atA, MemorySegment b, long atB, int n) {
    FloatVector sum = zero();
    int i = 0;
    for (; i < whole(n); i += LANES) {
      sum = load(a, atA + i).fma(load(b, atB + i), sum);
    }
    float total = Vectors.sum(sum);
    for (; i < n; i++) {
      total += get(a, atA + i) * get(b, atB + i);
    }
    return total;
  }

  /// One compilation each: see the package's description.
  private static final class Loops {

    static void add(MemorySegment from, long at, MemorySegment to, long atTo, int n) {
      addHere(from, at, to, atTo, n);
    }

    static void addToRows(MemorySegment vector, MemorySegment matrix, int rows, int width) {
      for (int row = 0; row < rows; row++) {
        addHere(vector, 0, matrix, (long) row * width, width);
      }
    }

    static void addRows(MemorySegment matrix, int row, int end, int width, MemorySegment sums) {
      for (int r = row; r < end; r++) {
        addHere(matrix, (long) r * width, sums, 0, width);
      }
    }

    static float dot(MemorySegment a, long atA, MemorySegment b, long atB, int n) {
      return dotHere(a, atA, b, atB, n);
    }
  }

  private static void addHere(MemorySegment from, long at, MemorySegment to, long atTo, int n) {
    int i = 0;
    for (; i < whole(n); i += LANES) {
      store(load(to, atTo + i).add(load(from, at + i)), to, atTo + i);
    }
    for (; i < n; i++) {
      set(to, atTo + i, get(to, atTo + i) + get(from, at + i));
    }
  }
}
