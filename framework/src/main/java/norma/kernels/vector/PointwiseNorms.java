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

/// DyT, DyISRU and Derf, `y = weight f(x) + bias`: one pass over x forward, one over x and dy backward. Sums for the scalars'
/// gradients run over one row in float and over rows in double.
final class PointwiseNorms {
  /// Rows that stay in the first-level cache between two passes.
  private static final int BLOCK = 16;

  private PointwiseNorms() {}

  /// A function with its scalars. Its methods are one compilation each: see the package's description.
  sealed interface Function {

    /// `y = weight f(x)`, all rows.
    void forward(MemorySegment x, int rows, int width, MemorySegment weight, MemorySegment y);

    /// dx is written or added to, dweight and the sums are added to, for the columns of some rows that fill vectors.
    void backward(Rows rows, int from, int end, int width);

    /// The same for the columns left over, in a compilation of its own.
    void backwardRest(Rows rows, int from, int end, int width);
  }

  /// What backward works on.
  ///
  /// @param dx   gradient of the input, of the rows that are worked on only: adding to what others left would make the loops too
  ///             large for one compilation
  /// @param sums of the scalars' gradients
  @SuppressWarnings("ArrayRecordComponent")
  record Rows(MemorySegment dy, MemorySegment x, MemorySegment weight, MemorySegment dx, MemorySegment dweight,
      double[] sums) {

    void weighHere(FloatVector value, long index) {
      store(load(dweight, index).add(value), dweight, index);
    }

    void weighHere(float value, long index) {
      set(dweight, index, get(dweight, index) + value);
    }
  }

  static void forward(Function f, Array x, Array weight, @Nullable Array bias, Array y) {
    int width = x.dim(-1);
    f.forward(x.segment(), x.rows(), width, weight.segment(), y.segment());
    if (bias != null) {
      Sums.addToRows(bias, y);
    }
  }

  /// @param dweight is added to
  /// @param block   spare memory for the gradient of the input of some rows
  /// @return sums of the scalars' gradients, in the order of the function's fields
  static double[] backward(Function f, Array dy, Array x, Array weight, @Nullable Grad dx, MemorySegment dweight,
      Spare block) {
    int width = x.dim(-1);
    MemorySegment gradient = block.floats((long) BLOCK * width);
    Rows rows = new Rows(dy.segment(), x.segment(), weight.segment(), gradient, dweight, new double[2]);
    for (int row = 0; row < x.rows(); row += BLOCK) {
      int end = Math.min(x.rows(), row + BLOCK);
      f.backward(rows, row, end, width);
      if (whole(width) < width) {
        f.backwardRest(rows, row, end, width);
      }
      if (dx != null) {
        Sums.put(gradient, dx, (long) row * width, (end - row) * width);
      }
    }
    return rows.sums;
  }

  /// With t = tanh(alpha x): dx = dy weight alpha (1 - t^2), dalpha = sum dy weight x (1 - t^2), dweight = sum dy t.
  record TanhLoops(float alpha) implements Function {
    @Override
    public void forward(MemorySegment x, int rows, int width, MemorySegment weight, MemorySegment y) {
      for (int row = 0; row < rows; row++) {
        long at = (long) row * width;
        int i = 0;
        for (; i < whole(width); i += LANES) {
          store(Vectors.tanh(load(x, at + i).mul(alpha)).mul(load(weight, i)), y, at + i);
        }
        for (; i < width; i++) {
          set(y, at + i, Vectors.tanh(get(x, at + i) * alpha) * get(weight, i));
        }
      }
    }

    @Override
    public void backward(Rows rows, int from, int end, int width) {
      for (int row = from; row < end; row++) {
        long at = (long) row * width;
        long to = (long) (row - from) * width;
        FloatVector sum = zero();
        for (int i = 0; i < whole(width); i += LANES) {
          FloatVector x = load(rows.x, at + i);
          FloatVector t = Vectors.tanh(x.mul(alpha));
          FloatVector dy = load(rows.dy, at + i);
          rows.weighHere(dy.mul(t), i);
          FloatVector g = dy.mul(load(rows.weight, i)).mul(t.mul(t).neg().add(1));
          sum = g.fma(x, sum);
          store(g.mul(alpha), rows.dx, to + i);
        }
        rows.sums[0] += Vectors.sum(sum);
      }
    }

    @Override
    public void backwardRest(Rows rows, int from, int end, int width) {
      for (int row = from; row < end; row++) {
        long at = (long) row * width;
        long to = (long) (row - from) * width;
        float total = 0;
        for (int i = whole(width); i < width; i++) {
          float x = get(rows.x, at + i);
          float t = Vectors.tanh(x * alpha);
          float dy = get(rows.dy, at + i);
          rows.weighHere(dy * t, i);
          float g = dy * get(rows.weight, i) * (1 - t * t);
          total += g * x;
          set(rows.dx, to + i, g * alpha);
        }
        rows.sums[0] += total;
      }
    }
  }

  /// With r = b + x^2: dx = dy weight scale b r^-1.5, db = -0.5 sum dy weight scale x r^-1.5, dweight = sum dy scale x r^-0.5.
  record IsruLoops(float b, float scale) implements Function {
    @Override
    public void forward(MemorySegment x, int rows, int width, MemorySegment weight, MemorySegment y) {
      for (int row = 0; row < rows; row++) {
        long at = (long) row * width;
        int i = 0;
        for (; i < whole(width); i += LANES) {
          FloatVector v = load(x, at + i);
          FloatVector root = v.fma(v, broadcast(b)).sqrt();
          store(v.mul(scale).mul(load(weight, i)).div(root), y, at + i);
        }
        for (; i < width; i++) {
          float v = get(x, at + i);
          set(y, at + i, v * scale * get(weight, i) / (float) Math.sqrt(b + v * v));
        }
      }
    }

    @Override
    public void backward(Rows rows, int from, int end, int width) {
      for (int row = from; row < end; row++) {
        long at = (long) row * width;
        long to = (long) (row - from) * width;
        FloatVector sum = zero();
        for (int i = 0; i < whole(width); i += LANES) {
          FloatVector x = load(rows.x, at + i);
          FloatVector inverse = broadcast(1).div(x.fma(x, broadcast(b)).sqrt());
          FloatVector dy = load(rows.dy, at + i).mul(scale);
          rows.weighHere(dy.mul(x).mul(inverse), i);
          FloatVector g = dy.mul(load(rows.weight, i)).mul(inverse).mul(inverse.mul(inverse));
          sum = g.fma(x, sum);
          store(g.mul(b), rows.dx, to + i);
        }
        rows.sums[0] -= 0.5 * Vectors.sum(sum);
      }
    }

    @Override
    public void backwardRest(Rows rows, int from, int end, int width) {
      for (int row = from; row < end; row++) {
        long at = (long) row * width;
        long to = (long) (row - from) * width;
        float total = 0;
        for (int i = whole(width); i < width; i++) {
          float x = get(rows.x, at + i);
          float inverse = 1 / (float) Math.sqrt(b + x * x);
          float dy = get(rows.dy, at + i) * scale;
          rows.weighHere(dy * x * inverse, i);
          float g = dy * get(rows.weight, i) * inverse * (inverse * inverse);
          total += g * x;
          set(rows.dx, to + i, g * b);
        }
        rows.sums[0] -= 0.5 * total;
      }
    }
  }

  /// With u = alpha x + shift and e = 2/sqrt(pi) exp(-u^2): dx = dy weight alpha e, dalpha = sum dy weight x e,
  /// dshift = sum dy weight e, dweight = sum dy erf(u).
  record ErfLoops(float alpha, float shift) implements Function {
    private static final float SLOPE = (float) (2 / Math.sqrt(Math.PI));

    @Override
    public void forward(MemorySegment x, int rows, int width, MemorySegment weight, MemorySegment y) {
      for (int row = 0; row < rows; row++) {
        long at = (long) row * width;
        int i = 0;
        for (; i < whole(width); i += LANES) {
          FloatVector u = load(x, at + i).fma(broadcast(alpha), broadcast(shift));
          store(Vectors.erf(u).mul(load(weight, i)), y, at + i);
        }
        for (; i < width; i++) {
          set(y, at + i, Vectors.erf(get(x, at + i) * alpha + shift) * get(weight, i));
        }
      }
    }

    @Override
    public void backward(Rows rows, int from, int end, int width) {
      weights(rows, from, end, width);
      inputs(rows, from, end, width);
    }

    private void weights(Rows rows, int from, int end, int width) {
      for (int row = from; row < end; row++) {
        long at = (long) row * width;
        for (int i = 0; i < whole(width); i += LANES) {
          FloatVector u = load(rows.x, at + i).fma(broadcast(alpha), broadcast(shift));
          rows.weighHere(Vectors.erf(u).mul(load(rows.dy, at + i)), i);
        }
      }
    }

    private void inputs(Rows rows, int from, int end, int width) {
      for (int row = from; row < end; row++) {
        long at = (long) row * width;
        long to = (long) (row - from) * width;
        FloatVector sum = zero();
        FloatVector sumX = zero();
        for (int i = 0; i < whole(width); i += LANES) {
          FloatVector x = load(rows.x, at + i);
          FloatVector u = x.fma(broadcast(alpha), broadcast(shift));
          FloatVector e = Vectors.exp(u.mul(u).neg()).mul(SLOPE);
          FloatVector g = load(rows.dy, at + i).mul(load(rows.weight, i)).mul(e);
          sum = sum.add(g);
          sumX = g.fma(x, sumX);
          store(g.mul(alpha), rows.dx, to + i);
        }
        rows.sums[0] += Vectors.sum(sumX);
        rows.sums[1] += Vectors.sum(sum);
      }
    }

    @Override
    public void backwardRest(Rows rows, int from, int end, int width) {
      for (int row = from; row < end; row++) {
        long at = (long) row * width;
        long to = (long) (row - from) * width;
        float total = 0;
        float totalX = 0;
        for (int i = whole(width); i < width; i++) {
          float x = get(rows.x, at + i);
          float u = x * alpha + shift;
          float dy = get(rows.dy, at + i);
          rows.weighHere(Vectors.erf(u) * dy, i);
          float g = dy * get(rows.weight, i) * SLOPE * Vectors.exp(-u * u);
          total += g;
          totalX += g * x;
          set(rows.dx, to + i, g * alpha);
        }
        rows.sums[0] += totalX;
        rows.sums[1] += total;
      }
    }
  }
}
