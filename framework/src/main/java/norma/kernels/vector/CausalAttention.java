package norma.kernels.vector;

import static norma.kernels.vector.Vectors.LANES;
import static norma.kernels.vector.Vectors.broadcast;
import static norma.kernels.vector.Vectors.get;
import static norma.kernels.vector.Vectors.load;
import static norma.kernels.vector.Vectors.set;
import static norma.kernels.vector.Vectors.store;
import static norma.kernels.vector.Vectors.zero;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import norma.array.Array;
import norma.kernels.DropMask;
import norma.kernels.Grad;
import org.jspecify.annotations.Nullable;

/// Causal attention, a block of queries at a time: the block sees the keys up to its own end, and its weights exist only while
/// it is worked on, so that memory grows linearly in the context. Backward computes them again from the saved logarithm of
/// the softmax denominators (FlashAttention, arXiv:2205.14135).
///
/// All matrices of weights are transposed, (keys, queries): the queries of a block are side by side, so that maxima, sums and
/// exponentials run over whole vectors of queries. Products read them as they lie, as rows or as columns; only the queries and the
/// gradients of the outputs are transposed.
///
///     forward    S^T = K q^T    P^T = exp(S^T / sqrt(D) - max)    y = P V / sum
///     backward   P^T = exp(S^T / sqrt(D) - lse)    dP^T = V dy^T    dS^T = P^T (dP^T - rowsum(dy y)) / sqrt(D)
///                dq = dS K    dK += dS^T q    dV += P^T dy
final class CausalAttention implements AutoCloseable {
  /// Queries of a block: whole vectors, and few, because a block is worked on as if all its queries saw all its keys.
  private static final int BLOCK = 32;

  /// Row r has r zeros, then ones: what a vector of queries keeps of the key r places after its first query.
  private static final float[] SEEN = seen();

  private final Tiles tiles;
  private final Spare queries = new Spare();
  private final Spare outputs = new Spare();
  private final Spare weights = new Spare();
  private final Spare slopes = new Spare();
  private final Spare vectors = new Spare();
  private final DropFactors factors;

  /// @param tiles   of this worker
  /// @param factors spare memory for dropout
  CausalAttention(Tiles tiles, DropFactors factors) {
    this.tiles = tiles;
    this.factors = factors;
  }

  /// One head of one sequence.
  ///
  /// @param index of the head among all of the batch
  private record Head(int index, int time, int width, Matrix q, Matrix k, Matrix v) {
    static Head of(Array qkv, int heads, int b, int h) {
      int time = qkv.dim(1);
      int row = qkv.dim(2);
      int width = row / 3 / heads;
      MemorySegment all = qkv.segment();
      long at = (long) b * time * row + (long) h * width;
      return new Head(b * heads + h, time, width, new Matrix(all, at, row), new Matrix(all, at + row / 3, row),
          new Matrix(all, at + 2L * (row / 3), row));
    }

    float scale() {
      return (float) (1 / Math.sqrt(width));
    }

    /// The same head in an array of (B, T, C).
    Matrix in(Array x, int heads) {
      int b = index / heads;
      int h = index % heads;
      return new Matrix(x.segment(), (long) b * time * x.dim(2) + (long) h * width, x.dim(2));
    }
  }

  void forward(Array qkv, int heads, DropMask drop, Array y, Array lse) {
    for (int b = 0; b < qkv.dim(0); b++) {
      for (int h = 0; h < heads; h++) {
        forward(Head.of(qkv, heads, b, h), drop, heads, y, lse);
      }
    }
  }

  private void forward(Head head, DropMask drop, int heads, Array y, Array lse) {
    Matrix out = head.in(y, heads);
    Matrix p = new Matrix(weights.floats((long) head.time * BLOCK), 0, BLOCK);
    MemorySegment max = vectors.floats(2L * BLOCK);
    MemorySegment sum = max.asSlice(4L * BLOCK);
    for (int from = 0; from < head.time; from += BLOCK) {
      int count = Math.min(BLOCK, head.time - from);
      int keys = from + count;
      tiles.multiply(keys, count, head.width, head.k, false, transposed(head.q.from(from), head, count, queries), p,
          false);
      Loops.hide(p.segment(), from, count, Float.NEGATIVE_INFINITY);
      for (int v = 0; v < count; v += LANES) {
        Loops.maximum(p.segment(), v, keys, head.scale(), max);
        Loops.exponentials(p.segment(), v, keys, head.scale(), max, sum);
      }
      Loops.hide(p.segment(), from, count, 0);
      for (int i = 0; i < count; i++) {
        set(lse.segment(), (long) head.index * head.time + from + i, (float) (get(max, i) + Math.log(get(sum, i))));
      }
      dropped(p.segment(), head, from, count, drop);
      tiles.multiply(count, head.width, keys, p, true, Panels.of(head.v, tiles), out.from(from), false);
      for (int i = 0; i < count; i++) {
        Loops.divide(out.segment(), out.at() + (from + i) * out.row(), head.width, get(sum, i));
      }
    }
  }

  private Panels transposed(Matrix rows, Head head, int count, Spare spare) {
    Matrix columns = new Matrix(spare.floats((long) head.width * BLOCK), 0, BLOCK);
    tiles.transpose(rows, count, head.width, columns);
    return Panels.of(columns, tiles);
  }

  void backward(Array dy, Array qkv, Array y, Array lse, int heads, DropMask drop, Grad dqkv) {
    for (int b = 0; b < qkv.dim(0); b++) {
      for (int h = 0; h < heads; h++) {
        Head head = Head.of(qkv, heads, b, h);
        backward(head, head.in(dy, heads), head.in(y, heads), lse.segment(), drop,
            Head.of(dqkv.array(), heads, b, h), dqkv.add());
      }
    }
  }

  private void backward(Head head, Matrix dy, Matrix y, MemorySegment lse, DropMask drop, Head gradient, boolean add) {
    int last = (head.time - 1) / BLOCK * BLOCK;
    Matrix p = new Matrix(weights.floats((long) head.time * BLOCK), 0, BLOCK);
    Matrix ds = new Matrix(slopes.floats((long) head.time * BLOCK), 0, BLOCK);
    MemorySegment shift = vectors.floats(2L * BLOCK);
    MemorySegment delta = shift.asSlice(4L * BLOCK);
    for (int from = last; from >= 0; from -= BLOCK) { // the last block sees all keys: it writes, the others add
      int count = Math.min(BLOCK, head.time - from);
      int keys = from + count;
      for (int i = 0; i < count; i++) {
        set(shift, i, get(lse, (long) head.index * head.time + from + i));
        set(delta, i,
            Sums.dot(dy.segment(), dy.at() + (from + i) * dy.row(), y.segment(), y.at() + (from + i) * y.row(),
                head.width));
      }
      Matrix q = head.q.from(from);
      Matrix out = dy.from(from);
      tiles.multiply(keys, count, head.width, head.k, false, transposed(q, head, count, queries), p, false);
      tiles.multiply(keys, count, head.width, head.v, false, transposed(out, head, count, outputs), ds, false);
      dropped(ds.segment(), head, from, count, drop);
      for (int v = 0; v < count; v += LANES) {
        Loops.exponentials(p.segment(), v, keys, head.scale(), shift, null);
      }
      Loops.hide(p.segment(), from, count, 0);
      for (int v = 0; v < count; v += LANES) {
        Loops.slopes(p.segment(), ds.segment(), v, keys, head.scale(), delta);
      }
      dropped(p.segment(), head, from, count, drop);
      boolean more = add || from < last;
      tiles.multiply(count, head.width, keys, ds, true, Panels.of(head.k, tiles), gradient.q.from(from), add);
      tiles.multiply(keys, head.width, count, ds, false, Panels.of(q, tiles), gradient.k, more);
      tiles.multiply(keys, head.width, count, p, false, Panels.of(out, tiles), gradient.v, more);
    }
  }

  private static float[] seen() {
    float[] seen = new float[2 * LANES * LANES];
    for (int r = 0; r < LANES; r++) {
      for (int i = 0; i < LANES; i++) {
        seen[r * LANES + i] = i < r ? 0 : 1;
        seen[(LANES + r) * LANES + i] = i < r ? Float.NEGATIVE_INFINITY : 0;
      }
    }
    return seen;
  }

  private void dropped(MemorySegment p, Head head, int from, int count, DropMask drop) {
    if (drop.probability() > 0) {
      for (int i = 0; i < count; i++) {
        float[] kept = factors.of(drop, ((long) head.index * head.time + from + i) * head.time, from + i + 1);
        for (int key = 0; key <= from + i; key++) {
          long at = (long) key * BLOCK + i;
          set(p, at, get(p, at) * kept[key]);
        }
      }
    }
  }

  @Override
  public void close() {
    for (Spare spare : new Spare[]{ queries, outputs, weights, slopes, vectors }) {
      spare.close();
    }
  }

  /// One compilation each: see the package's description.
  private static final class Loops {

    /// Largest scaled score of each of a vector of queries.
    static void maximum(MemorySegment s, int v, int keys, float scale, MemorySegment max) {
      FloatVector most = broadcast(Float.NEGATIVE_INFINITY);
      for (int key = 0; key < keys; key++) {
        most = most.max(load(s, v + (long) key * BLOCK));
      }
      store(most.mul(scale), max, v);
    }

    /// `s = exp(scale s - shift)` for a vector of queries; their sums if somebody needs them.
    static void exponentials(MemorySegment s, int v, int keys, float scale, MemorySegment shift,
        @Nullable MemorySegment sums) {
      FloatVector minus = load(shift, v).neg();
      FloatVector sum = zero();
      for (int key = 0; key < keys; key++) {
        FloatVector e = Vectors.exp(load(s, v + (long) key * BLOCK).fma(broadcast(scale), minus));
        store(e, s, v + (long) key * BLOCK);
        sum = sum.add(e);
      }
      if (sums != null) {
        store(sum, sums, v);
      }
    }

    /// `dS = P (dP - delta) scale` in place of dP.
    static void slopes(MemorySegment p, MemorySegment dp, int v, int keys, float scale,
        MemorySegment delta) {
      FloatVector level = load(delta, v);
      for (int key = 0; key < keys; key++) {
        long at = v + (long) key * BLOCK;
        store(load(dp, at).sub(level).mul(load(p, at)).mul(scale), dp, at);
      }
    }

    static void divide(MemorySegment x, long at, int n, float by) {
      int i = 0;
      for (; i < Vectors.whole(n); i += LANES) {
        store(load(x, at + i).div(by), x, at + i);
      }
      for (; i < n; i++) {
        set(x, at + i, get(x, at + i) / by);
      }
    }

    /// Replaces what the block's queries must not see: key `from + i` is later than the queries before the i-th.
    static void hide(MemorySegment p, int from, int count, float value) {
      for (int i = 0; i < count; i++) {
        long row = (long) (from + i) * BLOCK;
        int whole = i / LANES * LANES;
        for (int v = 0; v < whole; v += LANES) {
          store(broadcast(value), p, row + v);
        }
        FloatVector seen = FloatVector.fromArray(Vectors.SPECIES, SEEN, i % LANES * LANES);
        FloatVector kept = load(p, row + whole).mul(seen);
        store(value == 0 ? kept : kept.add(FloatVector.fromArray(Vectors.SPECIES, SEEN, (LANES + i % LANES) * LANES)),
            p,
            row + whole);
      }
    }
  }
}
