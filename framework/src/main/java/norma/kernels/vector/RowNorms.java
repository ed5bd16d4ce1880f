package norma.kernels.vector;

import static norma.kernels.vector.Vectors.LANES;
import static norma.kernels.vector.Vectors.broadcast;
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

/// LayerNorm, `y = weight (x - mean) rstd + bias`, and RMSNorm, the same with a mean of 0.
///
/// Both directions take blocks of rows, which come from memory once and then are in a cache. Forward passes over a block three times
/// (sum, deviations, result; RMSNorm two times), backward two times over x and dy for dx and once for the gradients of weight and
/// bias.
final class RowNorms {
  /// Rows of a block.
  private static final int BLOCK = 16;

  private RowNorms() {}

  static void layerNorm(Array x, Array weight, @Nullable Array bias, double eps, Array y, Array mean, Array rstd) {
    normalize(x, weight, bias, eps, y, mean, rstd);
  }

  static void rmsNorm(Array x, Array weight, @Nullable Array bias, double eps, Array y, Array rstd) {
    normalize(x, weight, bias, eps, y, null, rstd);
  }

  private static void normalize(Array x, Array weight, @Nullable Array bias, double eps, Array y, @Nullable Array mean,
      Array rstd) {
    int width = x.dim(-1);
    MemorySegment xs = x.segment();
    MemorySegment means = mean == null ? null : mean.segment();
    MemorySegment rstds = rstd.segment();
    MemorySegment biases = bias == null ? null : bias.segment();
    for (int row = 0; row < x.rows(); row += BLOCK) {
      int end = Math.min(x.rows(), row + BLOCK);
      if (means != null) {
        Loops.means(xs, row, end, width, means);
      }
      Loops.rstds(xs, row, end, width, means, eps, rstds);
      Loops.scale(xs, row, end, width, means, rstds, weight.segment(), biases, y.segment());
    }
  }

  /// With n = (x - mean) rstd and g = dy weight: dx = rstd (g - mean(g) - n mean(g n)), dweight = sum dy n; without a mean,
  /// RMSNorm's gradient: dx = rstd (g - n mean(g n)).
  static void backward(Array dy, Array x, Array weight, @Nullable Array mean, Array rstd, @Nullable Grad dx,
      @Nullable Grad dweight, @Nullable Grad dbias) {
    int width = x.dim(-1);
    MemorySegment dys = dy.segment();
    MemorySegment xs = x.segment();
    MemorySegment rstds = rstd.segment();
    MemorySegment means = mean == null ? null : mean.segment();
    MemorySegment dws = Sums.start(dweight);
    MemorySegment dbs = Sums.start(dbias);
    for (int row = 0; row < x.rows(); row += BLOCK) {
      int end = Math.min(x.rows(), row + BLOCK);
      if (dx != null) {
        Loops.inputs(dys, xs, row, end, width, means, rstds, weight.segment(), dx.array().segment(), dx.add());
      }
      if (dws != null) {
        Loops.weights(dys, xs, row, end, width, means, rstds, dws);
      }
      if (dbs != null) {
        Sums.addRows(dys, row, end, width, dbs);
      }
    }
  }

  /// One compilation each: see the package's description.
  private static final class Loops {

    static void means(MemorySegment x, int row, int end, int width, MemorySegment means) {
      for (int r = row; r < end; r++) {
        set(means, r, sum(x, (long) r * width, width) / width);
      }
    }

    private static float sum(MemorySegment x, long at, int width) {
      FloatVector sum = zero();
      int i = 0;
      for (; i < whole(width); i += LANES) {
        sum = sum.add(load(x, at + i));
      }
      float total = Vectors.sum(sum);
      for (; i < width; i++) {
        total += get(x, at + i);
      }
      return total;
    }

    static void rstds(MemorySegment x, int row, int end, int width, @Nullable MemorySegment means, double eps,
        MemorySegment rstds) {
      for (int r = row; r < end; r++) {
        float mean = means == null ? 0 : get(means, r);
        float squares = squaredDeviation(x, (long) r * width, width, mean);
        set(rstds, r, (float) (1 / Math.sqrt(squares / width + eps)));
      }
    }

    private static float squaredDeviation(MemorySegment x, long at, int width, float mean) {
      FloatVector sum = zero();
      FloatVector m = broadcast(mean);
      int i = 0;
      for (; i < whole(width); i += LANES) {
        FloatVector d = load(x, at + i).sub(m);
        sum = d.fma(d, sum);
      }
      float total = Vectors.sum(sum);
      for (; i < width; i++) {
        float d = get(x, at + i) - mean;
        total += d * d;
      }
      return total;
    }

    static void scale(MemorySegment x, int row, int end, int width, @Nullable MemorySegment means, MemorySegment rstds,
        MemorySegment weight, @Nullable MemorySegment bias, MemorySegment y) {
      for (int r = row; r < end; r++) {
        long at = (long) r * width;
        float mean = means == null ? 0 : get(means, r);
        float rstd = get(rstds, r);
        FloatVector m = broadcast(mean);
        FloatVector factor = broadcast(rstd);
        int i = 0;
        for (; i < whole(width); i += LANES) {
          FloatVector n = load(x, at + i).sub(m).mul(factor);
          store(bias == null ? n.mul(load(weight, i)) : n.fma(load(weight, i), load(bias, i)), y, at + i);
        }
        for (; i < width; i++) {
          float scaled = (get(x, at + i) - mean) * rstd * get(weight, i);
          set(y, at + i, bias == null ? scaled : scaled + get(bias, i));
        }
      }
    }

    static void inputs(MemorySegment dy, MemorySegment x, int row, int end, int width, @Nullable MemorySegment means,
        MemorySegment rstds, MemorySegment weight, MemorySegment dx, boolean add) {
      for (int r = row; r < end; r++) {
        long at = (long) r * width;
        float mean = means == null ? 0 : get(means, r);
        float rstd = get(rstds, r);
        float level = means == null ? 0 : Sums.dotHere(dy, at, weight, 0, width) / width;
        float along = projection(dy, x, at, width, mean, rstd, weight) / width;
        gradient(dy, x, at, width, mean, rstd, weight, level, along, dx, add);
      }
    }

    /// Sum of g n over one row.
    private static float projection(MemorySegment dy, MemorySegment x, long at, int width, float mean, float rstd,
        MemorySegment weight) {
      FloatVector sum = zero();
      FloatVector m = broadcast(mean);
      int i = 0;
      for (; i < whole(width); i += LANES) {
        sum = load(dy, at + i).mul(load(weight, i)).fma(load(x, at + i).sub(m), sum);
      }
      float total = Vectors.sum(sum);
      for (; i < width; i++) {
        total += get(dy, at + i) * get(weight, i) * (get(x, at + i) - mean);
      }
      return total * rstd;
    }

    private static void gradient(MemorySegment dy, MemorySegment x, long at, int width, float mean, float rstd,
        MemorySegment weight, float level, float along, MemorySegment dx, boolean add) {
      FloatVector m = broadcast(mean);
      FloatVector r = broadcast(rstd);
      FloatVector s = broadcast(-along * rstd);
      int i = 0;
      for (; i < whole(width); i += LANES) {
        FloatVector g = load(dy, at + i).mul(load(weight, i)).sub(level);
        FloatVector value = load(x, at + i).sub(m).fma(s, g).mul(r);
        store(add ? load(dx, at + i).add(value) : value, dx, at + i);
      }
      for (; i < width; i++) {
        float n = (get(x, at + i) - mean) * rstd;
        float value = (get(dy, at + i) * get(weight, i) - level - n * along) * rstd;
        set(dx, at + i, add ? get(dx, at + i) + value : value);
      }
    }

    /// `dweight += sum dy n`.
    static void weights(MemorySegment dy, MemorySegment x, int row, int end, int width, @Nullable MemorySegment means,
        MemorySegment rstds, MemorySegment dweight) {
      for (int r = row; r < end; r++) {
        long at = (long) r * width;
        float mean = means == null ? 0 : get(means, r);
        float rstd = get(rstds, r);
        FloatVector m = broadcast(mean);
        FloatVector scale = broadcast(rstd);
        int i = 0;
        for (; i < whole(width); i += LANES) {
          FloatVector n = load(x, at + i).sub(m).mul(scale);
          store(load(dy, at + i).fma(n, load(dweight, i)), dweight, i);
        }
        for (; i < width; i++) {
          set(dweight, i, get(dweight, i) + get(dy, at + i) * (get(x, at + i) - mean) * rstd);
        }
      }
    }
  }
}
