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
import java.lang.foreign.ValueLayout;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import norma.array.Array;
import norma.kernels.AdamW;
import norma.kernels.DropMask;
import norma.kernels.Grad;

/// Sums, products with a number, AdamW: one pass over memory each.
final class Elementwise {
  /// Elements that stay in the first-level cache between two passes.
  private static final int BLOCK = 2048;

  private Elementwise() {}

  static void add(Array a, Array b, Array y) {
    Loops.add(a.segment(), b.segment(), y.segment(), Math.toIntExact(y.size()));
  }

  static void multiply(Array x, float factor, Grad y) {
    Loops.multiply(x.segment(), factor, y.array().segment(), Math.toIntExact(x.size()), y.add());
  }

  static void multiply(Array a, Array b, Grad y) {
    Loops.multiply(a.segment(), b.segment(), y.array().segment(), Math.toIntExact(a.size()), y.add());
  }

  /// Adds the parts, a block at a time, and sums the squares of the block while it is in the cache: in float within a block,
  /// in double over the blocks.
  static double sumInPlace(Array total, List<Array> parts) {
    MemorySegment to = total.segment();
    int n = Math.toIntExact(total.size());
    double squares = 0;
    for (int from = 0; from < n; from += BLOCK) {
      int count = Math.min(n - from, BLOCK);
      for (Array part : parts) {
        Sums.add(part.segment(), from, to, from, count);
      }
      squares += Loops.squaredNorm(to, from, from + count);
    }
    return squares;
  }

  /// Scalar product of all elements, in double over blocks.
  static double dot(Array a, Array b) {
    int n = Math.toIntExact(a.size());
    double total = 0;
    for (int from = 0; from < n; from += BLOCK) {
      total += Sums.dot(a.segment(), from, b.segment(), from, Math.min(n - from, BLOCK));
    }
    return total;
  }

  static void dropout(Array x, DropMask mask, Grad y, DropFactors factors) {
    int n = Math.toIntExact(x.size());
    for (int from = 0; from < n; from += BLOCK) {
      int to = Math.min(n, from + BLOCK);
      Loops.drop(x.segment(), factors.of(mask, from, to - from), y.array().segment(), from, to, y.add());
    }
  }

  static void fill(Array x, double value) {
    MemorySegment segment = x.segment();
    for (long i = 0; i < x.size(); i++) {
      switch (x.dtype()) {
        case FLOAT32 -> set(segment, i, (float) value);
        case FLOAT64 -> segment.setAtIndex(ValueLayout.JAVA_DOUBLE, i, value);
        case INT32 -> segment.setAtIndex(ValueLayout.JAVA_INT, i, (int) value);
        case BFLOAT16 -> throw new IllegalArgumentException("no bfloat16 on the host: " + x);
      }
    }
  }

  static void adamW(Array w, Array g, Array m, Array v, AdamW c) {
    Loops.adamW(w.segment(), g.segment(), m.segment(), v.segment(), Math.toIntExact(w.size()), c);
  }

  /// One compilation each: see the package's description.
  private static final class Loops {

    static void add(MemorySegment as, MemorySegment bs, MemorySegment ys, int n) {
      int i = 0;
      for (; i < whole(n); i += LANES) {
        store(load(as, i).add(load(bs, i)), ys, i);
      }
      for (; i < n; i++) {
        set(ys, i, get(as, i) + get(bs, i));
      }
    }

    static void multiply(MemorySegment xs, float factor, MemorySegment ys, int n, boolean add) {
      int i = 0;
      for (; i < whole(n); i += LANES) {
        FloatVector product = load(xs, i).mul(factor);
        store(add ? load(ys, i).add(product) : product, ys, i);
      }
      for (; i < n; i++) {
        float product = get(xs, i) * factor;
        set(ys, i, add ? get(ys, i) + product : product);
      }
    }

    static void multiply(MemorySegment as, MemorySegment bs, MemorySegment ys, int n, boolean add) {
      int i = 0;
      for (; i < whole(n); i += LANES) {
        FloatVector product = load(as, i).mul(load(bs, i));
        store(add ? load(ys, i).add(product) : product, ys, i);
      }
      for (; i < n; i++) {
        float product = get(as, i) * get(bs, i);
        set(ys, i, add ? get(ys, i) + product : product);
      }
    }

    static void drop(MemorySegment xs, float[] factors, MemorySegment ys, int from, int to, boolean add) {
      int i = from;
      for (; i + LANES <= to; i += LANES) {
        FloatVector kept = load(xs, i).mul(FloatVector.fromArray(Vectors.SPECIES, factors, i - from));
        store(add ? load(ys, i).add(kept) : kept, ys, i);
      }
      for (; i < to; i++) {
        float kept = get(xs, i) * factors[i - from];
        set(ys, i, add ? get(ys, i) + kept : kept);
      }
    }

    static double squaredNorm(MemorySegment xs, int from, int to) {
      FloatVector sum = zero();
      int i = from;
      for (; i + LANES <= to; i += LANES) {
        FloatVector v = load(xs, i);
        sum = v.fma(v, sum);
      }
      double total = Vectors.sum(sum);
      for (; i < to; i++) {
        total += (double) get(xs, i) * get(xs, i);
      }
      return total;
    }

    static void adamW(MemorySegment ws, MemorySegment gs, MemorySegment ms, MemorySegment vs, int n, AdamW c) {
      float keep = (float) (1 - c.lr() * c.weightDecay());
      float rate = (float) (c.lr() / c.correction1());
      float root = (float) (1 / Math.sqrt(c.correction2()));
      float eps = (float) c.eps();
      float scale = (float) c.gradScale();
      float beta1 = (float) c.beta1();
      float beta2 = (float) c.beta2();
      int i = 0;
      for (; i < whole(n); i += LANES) {
        FloatVector grad = load(gs, i).mul(scale);
        FloatVector first = load(ms, i).sub(grad).fma(broadcast(beta1), grad);
        FloatVector squared = grad.mul(grad);
        FloatVector second = load(vs, i).sub(squared).fma(broadcast(beta2), squared);
        store(first, ms, i);
        store(second, vs, i);
        FloatVector step = first.mul(rate).div(second.sqrt().fma(broadcast(root), broadcast(eps)));
        store(load(ws, i).mul(keep).sub(step), ws, i);
      }
      for (; i < n; i++) {
        float grad = get(gs, i) * scale;
        float first = beta1 * (get(ms, i) - grad) + grad;
        float second = beta2 * (get(vs, i) - grad * grad) + grad * grad;
        set(ms, i, first);
        set(vs, i, second);
        set(ws, i, get(ws, i) * keep - rate * first / ((float) Math.sqrt(second) * root + eps));
      }
    }
  }
}
