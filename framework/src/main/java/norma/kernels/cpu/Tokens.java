package norma.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

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
  private static final String STATISTICS = """
      ; rows most total
      most = largest(x)
      total = sum(exp(x - most))
      """;
  private static final Routine LIKELIHOOD = Routine.of("elements x" + STATISTICS);
  /// [#LIKELIHOOD], and the gradient but for the target's own part.
  private static final Routine ENTROPY = Routine.of(
      "elements x dx; numbers scale" + STATISTICS + "dx = exp(x - most) * (scale / total)");

  private static final Routine GATHER = Routine.of("gathered tok; elements y; y = tok");
  private static final Routine GATHER_BOTH = Routine.of("gathered tok; elements y; gathered pos; y = tok + pos");
  /// Rows of one token are added one after the other.
  private static final Routine SCATTER = Routine.of("elements x; gathered to; to = to + x");

  private final RowKernels rows;
  private final Spare spare = new Spare();

  /// @param rows of this worker
  Tokens(RowKernels rows) {
    this.rows = rows;
  }

  void embedding(Array ids, Array tok, @Nullable Array pos, int first, Array y) {
    Rows gather = rows.routine(pos == null ? GATHER : GATHER_BOTH, tok.dim(1))
        .gather(0, tok.segment(), starts(tok, ids)).bind(1, y.segment(), 0);
    if (pos != null) {
      gather.gather(2, pos.segment(), starts(pos, first, ids.dim(1), y.rows()));
    }
    gather.run(y.rows());
  }

  void embeddingBackward(Array dy, Array ids, @Nullable Grad dtok, @Nullable Grad dpos) {
    Rows scatter = rows.routine(SCATTER, dy.dim(-1)).bind(0, dy.segment(), 0);
    if (dtok != null) {
      scatter.gather(1, dtok.start(), starts(dtok.array(), ids)).run(dy.rows());
    }
    if (dpos != null) {
      scatter.gather(1, dpos.start(), starts(dpos.array(), 0, ids.dim(1), dy.rows())).run(dy.rows());
    }
  }

  /// First elements of the tokens' rows in a table.
  private static long[] starts(Array table, Array ids) {
    int[] tokens = tokens(ids, table.dim(0));
    long[] starts = new long[tokens.length];
    for (int row = 0; row < starts.length; row++) {
      starts[row] = (long) tokens[row] * table.dim(1);
    }
    return starts;
  }

  /// First elements of the positions' rows in a table.
  private static long[] starts(Array table, int first, int time, int rows) {
    long[] starts = new long[rows];
    for (int row = 0; row < rows; row++) {
      starts[row] = (long) (first + row % time) * table.dim(1);
    }
    return starts;
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
    float[] mosts = most.asSlice(0, 4L * count).toArray(ValueLayout.JAVA_FLOAT);
    float[] totals = total.asSlice(0, 4L * count).toArray(ValueLayout.JAVA_FLOAT);
    MemorySegment dx = dlogits == null ? null : dlogits.segment();
    double sum = 0;
    for (int row = 0; row < count; row++) {
      long at = (long) row * vocabulary + target[row];
      sum += Math.log(totals[row]) + mosts[row] - x.getAtIndex(JAVA_FLOAT_UNALIGNED, at);
      if (dx != null) {
        dx.setAtIndex(JAVA_FLOAT_UNALIGNED, at, (float) (dx.getAtIndex(JAVA_FLOAT_UNALIGNED, at) - scale));
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
