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
import java.util.Objects;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import norma.array.Array;
import norma.kernels.Grad;
import org.jspecify.annotations.Nullable;

/// The two ends of the model, where tokens come in and losses go out.
final class Tokens {
  private Tokens() {}

  static void embedding(Array ids, Array tok, Array pos, Array y) {
    MemorySegment id = ids.segment();
    MemorySegment toks = tok.segment();
    MemorySegment poss = pos.segment();
    MemorySegment ys = y.segment();
    int time = ids.dim(1);
    int width = tok.dim(1);
    for (int row = 0; row < y.rows(); row++) {
      long from = (long) id(id, row, tok.dim(0)) * width;
      long at = (long) row * width;
      long position = (long) (row % time) * width;
      int i = 0;
      for (; i < whole(width); i += LANES) {
        store(load(toks, from + i).add(load(poss, position + i)), ys, at + i);
      }
      for (; i < width; i++) {
        set(ys, at + i, get(toks, from + i) + get(poss, position + i));
      }
    }
  }

  static void embeddingBackward(Array dy, Array ids, @Nullable Grad dtok, @Nullable Grad dpos) {
    MemorySegment id = ids.segment();
    MemorySegment dys = dy.segment();
    MemorySegment toks = Sums.start(dtok);
    MemorySegment poss = Sums.start(dpos);
    int time = ids.dim(1);
    int width = dy.dim(-1);
    for (int row = 0; row < dy.rows(); row++) {
      if (toks != null && dtok != null) {
        Sums.add(dys, (long) row * width, toks, (long) id(id, row, dtok.array().dim(0)) * width, width);
      }
      if (poss != null) {
        Sums.add(dys, (long) row * width, poss, (long) (row % time) * width, width);
      }
    }
  }

  /// Loss and gradient of one row after the other: maximum, exponentials, then one pass for the gradient.
  static void crossEntropy(Array logits, Array targets, double scale, Array loss, @Nullable Array dlogits,
      MemorySegment spare) {
    MemorySegment x = logits.segment();
    MemorySegment target = targets.segment();
    int vocabulary = logits.dim(-1);
    double total = 0;
    for (int row = 0; row < logits.rows(); row++) {
      long at = (long) row * vocabulary;
      int right = id(target, row, vocabulary);
      float max = Loops.max(x, at, vocabulary);
      MemorySegment e = dlogits == null ? spare : dlogits.segment();
      long atE = dlogits == null ? 0 : at;
      float sum = Loops.exponentials(x, at, e, atE, vocabulary, max);
      total += Math.log(sum) + max - get(x, at + right);
      if (dlogits != null) {
        Loops.scale(e, atE, vocabulary, (float) (scale / sum));
        set(e, atE + right, (float) (get(e, atE + right) - scale));
      }
    }
    loss.segment().set(ValueLayout.JAVA_DOUBLE, 0, total * scale);
  }

  private static int id(MemorySegment ids, int row, int count) {
    return Objects.checkIndex(ids.get(ValueLayout.JAVA_INT, 4L * row), count);
  }

  /// One compilation each: see the package's description.
  private static final class Loops {

    static float max(MemorySegment x, long at, int n) {
      FloatVector max = broadcast(Float.NEGATIVE_INFINITY);
      int i = 0;
      for (; i < whole(n); i += LANES) {
        max = max.max(load(x, at + i));
      }
      float result = max.reduceLanes(VectorOperators.MAX);
      for (; i < n; i++) {
        result = Math.max(result, get(x, at + i));
      }
      return result;
    }

    static float exponentials(MemorySegment x, long at, MemorySegment e, long atE, int n, float max) {
      FloatVector sum = zero();
      int i = 0;
      for (; i < whole(n); i += LANES) {
        FloatVector value = Vectors.exp(load(x, at + i).sub(max));
        store(value, e, atE + i);
        sum = sum.add(value);
      }
      float total = Vectors.sum(sum);
      for (; i < n; i++) {
        float value = Vectors.exp(get(x, at + i) - max);
        set(e, atE + i, value);
        total += value;
      }
      return total;
    }

    static void scale(MemorySegment x, long at, int n, float factor) {
      int i = 0;
      for (; i < whole(n); i += LANES) {
        store(load(x, at + i).mul(factor), x, at + i);
      }
      for (; i < n; i++) {
        set(x, at + i, get(x, at + i) * factor);
      }
    }
  }
}
