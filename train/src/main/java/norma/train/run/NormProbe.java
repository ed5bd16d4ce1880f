package norma.train.run;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import norma.array.Array;
import norma.autodiff.Pass;
import norma.autodiff.Tape;
import norma.autodiff.TapeObserver;
import norma.autodiff.Tensor;
import norma.kernels.RandomStream;
import norma.models.NormSlot;
import norma.nn.Norm;
import norma.ops.Attention;
import norma.ops.CrossEntropy;
import norma.ops.NormOp;
import norma.ops.Op;
import norma.train.data.Windows;
import norma.train.report.Event;

/// Looks at the input of every normalization slot on a batch of its own: 1/std, which DyT's alpha follows
/// (arXiv:2503.10622, section 6.2), the share of inputs beyond |u| = 2 of a squashing function's argument, magnitudes, and the
/// kurtosis of the channels' root mean squares (He et al., arXiv:2405.19279); besides, the largest attention logit and log Z.
final class NormProbe {
  /// Enough tokens for stable statistics at little cost.
  private static final int SEQUENCES = 4;

  private final Session session;
  private final Windows windows;
  private final Map<String, NormSlot> slots = new LinkedHashMap<>();

  NormProbe(Session session) {
    this.session = session;
    this.windows = session.training();
    session.model().slots().forEach(slot -> slots.put(slot.name(), slot));
  }

  /// Probes the current weights.
  ///
  /// @param step selects the batch
  Event.Norm at(int step) {
    RandomStream stream = RandomStream.of(session.config().train().seed(), "probe").at(step);
    Batch batch = Batch.of(session.backend(), session.kernels(), SEQUENCES, session.config().model().context(),
        (inputs, labels) -> windows.batch(stream::bounded, 0, inputs, labels));
    Observer observer = new Observer();
    try (Tape tape = new Tape(session.kernels(), session.weights(), null, Pass.EVALUATION, observer)) {
      session.model().loss(tape, batch.ids(), batch.targets(), 1);
    }
    return new Event.Norm(step, observer.rows, observer.maxAttentionLogit, observer.logZ);
  }

  private final class Observer implements TapeObserver {
    private final List<Event.Slot> rows = new ArrayList<>();
    private double maxAttentionLogit = Double.NEGATIVE_INFINITY;
    private double logZ;

    @Override
    public void forward(String layer, Op<?> op, Tensor[] inputs, Tensor output, long nanos) {
      Array x = inputs[0].value();
      NormSlot slot = slots.get(layer);
      if (op instanceof NormOp && slot != null) {
        rows.add(row(slot, x));
      } else if (op instanceof Attention attention) {
        maxAttentionLogit = Math.max(maxAttentionLogit, maxLogit(x, attention.heads()));
      } else if (op instanceof CrossEntropy) {
        logZ = meanLogSumExp(x);
      }
    }
  }

  private Event.Slot row(NormSlot slot, Array x) {
    double[] values = session.backend().read(x);
    int width = x.dim(-1);
    Norm.State state = slot.norm().state(scalar -> session.backend().read(session.weights().of(scalar))[0]);
    Norm.Squash squash = state.squash();
    double[] squares = new double[width];
    double sum = 0;
    double max = 0;
    long saturated = 0;
    for (int i = 0; i < values.length; i++) {
      sum += values[i];
      squares[i % width] += values[i] * values[i];
      max = Math.max(max, Math.abs(values[i]));
      if (squash != null && Math.abs(squash.slope() * values[i] + squash.shift()) > 2) {
        saturated++;
      }
    }
    double meanSquare = 0;
    double fourth = 0;
    for (double square : squares) {
      double channel = square / (values.length / (double) width);
      meanSquare += channel / width;
      fourth += channel * channel / width;
    }
    double mean = sum / values.length;
    return new Event.Slot(slot.name(), slot.type(), state.scalars(), 1 / Math.sqrt(meanSquare - mean * mean),
        squash == null ? Double.NaN : saturated / (double) values.length, Math.sqrt(meanSquare), max,
        fourth / (meanSquare * meanSquare));
  }

  private double maxLogit(Array qkv, int heads) {
    double[] values = session.backend().read(qkv);
    int time = qkv.dim(1);
    int width = qkv.dim(2) / 3;
    int headWidth = width / heads;
    double max = Double.NEGATIVE_INFINITY;
    for (int b = 0; b < qkv.dim(0); b++) {
      for (int h = 0; h < heads; h++) {
        for (int i = 0; i < time; i++) {
          for (int j = 0; j <= i; j++) {
            int q = (b * time + i) * 3 * width + h * headWidth;
            int k = (b * time + j) * 3 * width + width + h * headWidth;
            double dot = 0;
            for (int d = 0; d < headWidth; d++) {
              dot += values[q + d] * values[k + d];
            }
            max = Math.max(max, dot);
          }
        }
      }
    }
    return max / Math.sqrt(headWidth);
  }

  private double meanLogSumExp(Array logits) {
    double[] values = session.backend().read(logits);
    int vocabulary = logits.dim(-1);
    double total = 0;
    for (int row = 0; row < values.length; row += vocabulary) {
      double max = Double.NEGATIVE_INFINITY;
      for (int i = 0; i < vocabulary; i++) {
        max = Math.max(max, values[row + i]);
      }
      double sum = 0;
      for (int i = 0; i < vocabulary; i++) {
        sum += Math.exp(values[row + i] - max);
      }
      total += max + Math.log(sum);
    }
    return total / (values.length / (double) vocabulary);
  }
}
