package norma.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import norma.array.Array;
import norma.array.DType;
import norma.array.HostMemory;
import norma.formula.Routine;
import norma.kernels.DropMask;
import norma.kernels.Grad;
import norma.kernels.Kernels;
import norma.kernels.rows.RowKernels;
import norma.kernels.rows.Rows;
import org.jspecify.annotations.Nullable;

/// Causal attention, a block of queries at a time: the block sees the keys up to its own end, and its weights exist only while
/// it is worked on, so that memory grows linearly in the context. Backward computes them again from the saved logarithm of
/// the softmax denominators (FlashAttention, arXiv:2205.14135).
///
/// All matrices of weights are transposed, (keys, queries): the queries of a block are side by side, so that maxima and sums are vectors
/// of queries, to which each row of a key adds. Products read them as they lie, as rows or as columns; only the queries and the
/// gradients of the outputs are transposed.
///
///     forward    S^T = K q^T    P^T = exp((S^T - max) / sqrt(D)) / sum    y = P V
///     backward   P^T = exp(S^T / sqrt(D) - lse)    dP^T = V dy^T    dS^T = P^T (dP^T - colsum(P^T dP^T)) / sqrt(D)
///                dq = dS K    dK += dS^T q    dV += P^T dy
final class CausalAttention implements AutoCloseable {
  /// Queries of a block: whole vectors, and few, because a block is worked on as if all its queries saw all its keys.
  private static final int BLOCK = 32;

  // A key that some queries of the block must not see: their score is -infinity, or infinity less than it was.
  private static final Routine MOST = Routine.of("elements s; channels most; most = max(most, s)");
  private static final Routine MOST_SEEN = Routine.of("""
      elements s hidden; channels most
      s = s + hidden
      most = max(most, s)""");
  private static final Routine EXPONENTIALS = Routine.of("""
      elements s; channels most sum; numbers scale
      s = exp(scale * (s - most))
      sum = sum + s""");
  private static final Routine ENDS = Routine.of("""
      elements most sum lse; numbers scale
      lse = scale * most + log(sum)
      sum = 1 / sum""");
  private static final Routine WEIGHTS = Routine.of("elements p; channels factor; p = p * factor");
  private static final Routine DROP = Routine.of("elements p kept; p = p * kept");
  private static final Routine AGAIN = Routine.of("""
      elements p dp; channels lse delta; numbers scale
      p = exp(scale * p - lse)
      delta = delta + p * dp""");
  private static final Routine AGAIN_SEEN = Routine.of("""
      elements p dp hidden; channels lse delta; numbers scale
      p = exp(scale * (p + hidden) - lse)
      delta = delta + p * dp""");
  private static final Routine SLOPES = Routine.of("""
      elements p dp; channels delta; numbers scale
      dp = scale * (p * (dp - delta))""");

  private final Tiles tiles;
  private final Rows most;
  private final Rows mostSeen;
  private final Rows exponentials;
  private final Rows ends;
  private final Rows normalize;
  private final Rows drops;
  private final Rows again;
  private final Rows againSeen;
  private final Rows slope;
  private final Spare queries = new Spare();
  private final Spare outputs = new Spare();
  private final Spare weights = new Spare();
  private final Spare slopes = new Spare();
  private final Spare masks = new Spare();
  private final HostMemory vectors = HostMemory.allocate(DType.FLOAT32, 3 * BLOCK);
  private final HostMemory hidden = HostMemory.allocate(DType.FLOAT32, BLOCK * BLOCK);
  private final DropFactors factors;

  /// @param tiles   of this worker
  /// @param rows    of this worker
  /// @param factors spare memory for dropout
  CausalAttention(Tiles tiles, RowKernels rows, DropFactors factors) {
    this.tiles = tiles;
    this.factors = factors;
    most = rows.routine(MOST, BLOCK);
    mostSeen = rows.routine(MOST_SEEN, BLOCK);
    exponentials = rows.routine(EXPONENTIALS, BLOCK);
    ends = rows.routine(ENDS, BLOCK);
    normalize = rows.routine(WEIGHTS, BLOCK);
    drops = rows.routine(DROP, BLOCK);
    again = rows.routine(AGAIN, BLOCK);
    againSeen = rows.routine(AGAIN_SEEN, BLOCK);
    slope = rows.routine(SLOPES, BLOCK);
    for (int key = 0; key < BLOCK; key++) {
      for (int query = 0; query < BLOCK; query++) {
        hidden.segment().setAtIndex(JAVA_FLOAT_UNALIGNED, (long) key * BLOCK + query,
            query < key ? Float.NEGATIVE_INFINITY : 0);
      }
    }
  }

  /// One head of one sequence.
  ///
  /// @param index of the head among all of the batch
  /// @param first of the queries among all tokens: `q` begins as many rows before
  private record Head(int index, int first, int time, int width, Matrix q, Matrix k, Matrix v) {
    static Head of(Array qkv, int heads, int kvHeads, int b, int h) {
      int key = heads + h / (heads / kvHeads);
      int width = qkv.dim(2) / (heads + 2 * kvHeads);
      return new Head(b * heads + h, 0, qkv.dim(1), width, part(qkv, width, b, h), part(qkv, width, b, key),
          part(qkv, width, b, key + kvHeads));
    }

    /// The queries of some rows, whose keys and values and those of earlier tokens are elsewhere.
    static Head of(Array qkv, Array kv, int heads, int kvHeads, int h) {
      int key = h / (heads / kvHeads);
      int time = kv.dim(0);
      int first = time - qkv.dim(1);
      int width = kv.dim(1) / (2 * kvHeads);
      Array all = kv.reshape(1, time, kv.dim(1));
      return new Head(h, first, time, width, part(qkv, width, 0, h).from(-first), part(all, width, 0, key),
          part(all, width, 0, key + kvHeads));
    }

    private static Matrix part(Array x, int width, int b, int head) {
      return new Matrix(x.segment(), (long) b * x.dim(1) * x.dim(2) + (long) head * width, x.dim(2));
    }

    /// The place of a query among all queries of all heads.
    long place(int query) {
      return (long) index * time + query;
    }

    float scale() {
      return (float) (1 / Math.sqrt(width));
    }

    /// The same head in an array of (B, T, C).
    Matrix in(Array x, int heads) {
      return part(x, width, index / heads, index % heads).from(-first);
    }
  }

  void forward(Array qkv, int heads, DropMask drop, Array y, Array lse) {
    int kvHeads = Kernels.kvHeads(qkv, y, heads);
    for (int b = 0; b < qkv.dim(0); b++) {
      for (int h = 0; h < heads; h++) {
        forward(Head.of(qkv, heads, kvHeads, b, h), drop, heads, y, lse);
      }
    }
  }

  /// [norma.kernels.Kernels#cachedAttention]: rows have the same bits as in [#forward] of the whole sequence. Sums go over keys one after
  /// the other, and keys that a block's query must not see add 0.
  void forward(Array qkv, Array kv, int heads, Array y) {
    int kvHeads = kv.dim(1) / 2 / (y.dim(2) / heads);
    for (int h = 0; h < heads; h++) {
      forward(Head.of(qkv, kv, heads, kvHeads, h), DropMask.NONE, heads, y, null);
    }
  }

  private void forward(Head head, DropMask drop, int heads, Array y, @Nullable Array lse) {
    Matrix out = head.in(y, heads);
    Matrix p = new Matrix(weights.floats((long) head.time * BLOCK), 0, BLOCK);
    MemorySegment max = vector(0);
    MemorySegment sum = vector(1);
    MemorySegment logs = vector(2);
    for (int from = head.first; from < head.time; from += BLOCK) {
      int count = Math.min(BLOCK, head.time - from);
      int keys = from + count;
      tiles.multiply(keys, count, head.width, head.k, false, transposed(head.q.from(from), head, count, queries), p,
          false);
      MemorySegment.copy(p.segment(), 0, max, 0, max.byteSize()); // every query sees the first key
      sum.fill((byte) 0);
      most.bind(p.segment(), max).run(from);
      mostSeen.bind(p.segment(), hidden.segment(), max).bind(0, p.segment(), (long) from * BLOCK).run(count);
      exponentials.with(head.scale()).bind(p.segment(), max, sum).run(keys);
      ends.with(head.scale()).bind(max, sum, logs).run(1);
      if (lse != null) {
        MemorySegment.copy(logs, 0, lse.segment(), 4 * head.place(from), 4L * count);
      }
      normalize.bind(p.segment(), sum).run(keys);
      dropped(p.segment(), mask(head, from, count, drop), keys);
      tiles.multiply(count, head.width, keys, p, true, Panels.of(head.v, tiles), out.from(from), false);
    }
  }

  private Panels transposed(Matrix rows, Head head, int count, Spare spare) {
    Matrix columns = new Matrix(spare.floats((long) head.width * BLOCK), 0, BLOCK);
    tiles.transpose(rows, count, head.width, columns);
    return Panels.of(columns, tiles);
  }

  void backward(Array dy, Array qkv, Array lse, int heads, DropMask drop, Grad dqkv) {
    int kvHeads = Kernels.kvHeads(qkv, dy, heads);
    for (int b = 0; b < qkv.dim(0); b++) {
      for (int h = 0; h < heads; h++) {
        Head head = Head.of(qkv, heads, kvHeads, b, h);
        boolean first = h % (heads / kvHeads) == 0; // of those that share keys and values: it writes, the others add
        backward(head, head.in(dy, heads), lse.segment(), drop, Head.of(dqkv.array(), heads, kvHeads, b, h), dqkv.add(),
            dqkv.add() || !first);
      }
    }
  }

  private void backward(Head head, Matrix dy, MemorySegment lse, DropMask drop, Head gradient, boolean add,
      boolean addKeys) {
    int last = (head.time - 1) / BLOCK * BLOCK;
    Matrix p = new Matrix(weights.floats((long) head.time * BLOCK), 0, BLOCK);
    Matrix ds = new Matrix(slopes.floats((long) head.time * BLOCK), 0, BLOCK);
    MemorySegment logs = vector(0);
    MemorySegment delta = vector(1);
    for (int from = last; from >= 0; from -= BLOCK) { // the last block sees all keys: it writes, the others add
      int count = Math.min(BLOCK, head.time - from);
      int keys = from + count;
      MemorySegment.copy(lse, 4 * head.place(from), logs, 0, 4L * count);
      delta.fill((byte) 0);
      Matrix q = head.q.from(from);
      Matrix out = dy.from(from);
      tiles.multiply(keys, count, head.width, head.k, false, transposed(q, head, count, queries), p, false);
      tiles.multiply(keys, count, head.width, head.v, false, transposed(out, head, count, outputs), ds, false);
      MemorySegment mask = mask(head, from, count, drop);
      dropped(ds.segment(), mask, keys);
      long seen = (long) from * BLOCK;
      again.with(head.scale()).bind(p.segment(), ds.segment(), logs, delta).run(from);
      againSeen.with(head.scale()).bind(p.segment(), ds.segment(), hidden.segment(), logs, delta);
      againSeen.bind(0, p.segment(), seen).bind(1, ds.segment(), seen).run(count);
      slope.with(head.scale()).bind(p.segment(), ds.segment(), delta).run(keys);
      dropped(p.segment(), mask, keys);
      boolean more = addKeys || from < last;
      tiles.multiply(count, head.width, keys, ds, true, Panels.of(head.k, tiles), gradient.q.from(from), add);
      tiles.multiply(keys, head.width, count, ds, false, Panels.of(q, tiles), gradient.k, more);
      tiles.multiply(keys, head.width, count, p, false, Panels.of(out, tiles), gradient.v, more);
    }
  }

  /// A number for each query of a block.
  private MemorySegment vector(int number) {
    return vectors.segment().asSlice(4L * BLOCK * number, 4L * BLOCK);
  }

  /// Factors of a block's weights, as they lie; null without dropout. Where a query does not see a key, its weight is 0, the factor is of an
  /// earlier block, or 0.
  private @Nullable MemorySegment mask(Head head, int from, int count, DropMask drop) {
    if (drop.probability() == 0) {
      return null;
    }
    MemorySegment mask = masks.floats((long) head.time * BLOCK);
    for (int i = 0; i < count; i++) {
      MemorySegment kept = factors.of(drop, head.place(from + i) * head.time, from + i + 1);
      for (int key = 0; key <= from + i; key++) {
        mask.setAtIndex(JAVA_FLOAT_UNALIGNED, (long) key * BLOCK + i, kept.getAtIndex(JAVA_FLOAT_UNALIGNED, key));
      }
    }
    return mask;
  }

  private void dropped(MemorySegment p, @Nullable MemorySegment mask, int keys) {
    if (mask != null) {
      drops.bind(p, mask).run(keys);
    }
  }

  @Override
  public void close() {
    for (Spare spare : new Spare[]{ queries, outputs, weights, slopes, masks }) {
      spare.close();
    }
    vectors.close();
    hidden.close();
  }
}
