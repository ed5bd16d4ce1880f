package norma.kernels.cpu;

import static norma.kernels.cpu.Floats.get;
import static norma.kernels.cpu.Floats.set;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import norma.array.Array;
import norma.formula.Routine;
import norma.kernels.Grad;
import norma.kernels.rows.RowKernels;
import norma.kernels.rows.Rows;
import org.jspecify.annotations.Nullable;

/// The two ends of the model, where tokens come in and losses go out.
final class Tokens implements AutoCloseable {
  private static final Routine LIKELIHOOD = Routine.of("""
      elements x
      rows most total
      most = largest(x)
      total = sum(exp(x - most))""");
  /// [#LIKELIHOOD], and the gradient but for the target's own part.
  private static final Routine ENTROPY = Routine.of("""
      elements x dx
      rows most total
      numbers scale
      most = largest(x)
      total = sum(exp(x - most))
      dx = exp(x - most) * (scale / total)""");

  private static final Routine GATHER = Routine.of("gathered tok; elements pos y; y = tok + pos");
  /// Rows of one token are added one after the other.
  static final Routine SCATTER = Routine.of("elements x; gathered to; to = to + x");

  private final RowKernels rows;
  private final Spare spare = new Spare();

  /// @param rows of this worker
  Tokens(RowKernels rows) {
    this.rows = rows;
  }

  void embedding(Array ids, Array tok, Array pos, Array y) {
    int time = ids.dim(1);
    int width = tok.dim(1);
    int[] tokens = tokens(ids, tok.dim(0));
    Rows gather = rows.routine(GATHER, width).bind(1, pos.segment(), 0);
    for (int first = 0; first < y.rows(); first += time) {
      int sequence = first;
      gather.gather(0, tok.segment(), time, row -> (long) tokens[sequence + row] * width)
          .bind(2, y.segment(), (long) first * width).run(time);
    }
  }

  void embeddingBackward(Array dy, Array ids, @Nullable Grad dtok, @Nullable Grad dpos) {
    MemorySegment dys = dy.segment();
    int time = ids.dim(1);
    int width = dy.dim(-1);
    if (dtok != null) {
      int[] tokens = tokens(ids, dtok.array().dim(0));
      rows.routine(SCATTER, width).bind(0, dys, 0)
          .gather(1, CpuKernels.start(dtok), tokens.length, row -> (long) tokens[row] * width).run(tokens.length);
    }
    if (dpos != null) {
      MemorySegment to = CpuKernels.start(dpos);
      Rows add = rows.routine(CpuKernels.ADD, width);
      for (int row = 0; row < dy.rows(); row += time) {
        add.bind(0, dys, (long) row * width).bind(1, to, 0).bind(2, to, 0).run(time);
      }
    }
  }

  void crossEntropy(Array logits, Array targets, double scale, Array loss, @Nullable Array dlogits) {
    int count = logits.rows();
    int vocabulary = logits.dim(-1);
    MemorySegment x = logits.segment();
    MemorySegment most = spare.floats(2L * count);
    MemorySegment total = most.asSlice(4L * count);
    if (dlogits == null) {
      rows.routine(LIKELIHOOD, vocabulary).bind(x, most, total).run(count);
    } else {
      rows.routine(ENTROPY, vocabulary).with(scale).bind(x, dlogits.segment(), most, total).run(count);
    }
    int[] target = tokens(targets, vocabulary);
    MemorySegment dx = dlogits == null ? null : dlogits.segment();
    double sum = 0;
    for (int row = 0; row < count; row++) {
      long at = (long) row * vocabulary + target[row];
      sum += Math.log(get(total, row)) + get(most, row) - get(x, at);
      if (dx != null) {
        set(dx, at, (float) (get(dx, at) - scale));
      }
    }
    loss.segment().set(ValueLayout.JAVA_DOUBLE, 0, sum * scale);
  }

  private static int[] tokens(Array ids, int vocabulary) {
    int[] tokens = ids.segment().toArray(ValueLayout.JAVA_INT);
    for (int token : tokens) {
      Objects.checkIndex(token, vocabulary);
    }
    return tokens;
  }

  @Override
  public void close() {
    spare.close();
  }
}
