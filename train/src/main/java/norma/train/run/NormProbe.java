package norma.train.run;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import norma.array.Array;
import norma.autodiff.GradientBuffer;
import norma.autodiff.Parameter;
import norma.autodiff.Pass;
import norma.autodiff.Tape;
import norma.autodiff.TapeObserver;
import norma.autodiff.Tensor;
import norma.formula.Curve.Squash;
import norma.models.NormSlot;
import norma.nn.Norm;
import norma.ops.Attention;
import norma.ops.CrossEntropy;
import norma.ops.Op;
import norma.optim.Optimizer;
import norma.random.RandomStream;
import norma.train.data.Windows;
import norma.train.metrics.Event;
import norma.train.metrics.RunView;
import org.jspecify.annotations.Nullable;

/// Looks at every normalization slot on a batch of its own: statistics of its input and output, and the gradient that comes
/// back to it; besides, the largest attention logit, log Z, and how far the last update moved the weights. Gradients go to a
/// buffer of its own.
final class NormProbe {
  /// Enough tokens for stable statistics at little cost. A smaller batch is taken as it is: more might not fit a GPU's memory.
  private static final int SEQUENCES = 4;

  private final Session session;
  private final TrainStep trainStep;
  private final Windows windows;
  private final GradientBuffer gradients;
  private final Map<String, NormSlot> slots = new LinkedHashMap<>();
  private final RunView view;

  /// @param trainStep trains the session's weights
  /// @param view      sees what enters the slots
  NormProbe(Session session, TrainStep trainStep, RunView view) {
    this.view = view;
    this.session = session;
    this.trainStep = trainStep;
    this.windows = session.training();
    this.gradients = new GradientBuffer(session.backend(), session.model().parameters());
    session.model().slots().forEach(slot -> slots.put(slot.name(), slot));
    requireOwnNames(session); // of a run that goes on, which Session.start has not seen
  }

  /// Fails before anything is written for a run whose slots could not be probed.
  static void requireOwnNames(Session session) {
    session.model().slots().forEach(slot -> requireOwnNames(slot.type(), session.state(slot).scalars().keySet()));
  }

  /// A scalar that is called as a statistic would be lost in the log.
  static void requireOwnNames(String type, Set<String> scalars) {
    Set<String> taken = Event.Slot.fieldNames();
    scalars.stream().filter(taken::contains).findFirst().ifPresent(name -> {
      throw new IllegalArgumentException("norm type " + type + " has a scalar called " + name + ", as a statistic in "
          + "metrics.jsonl is; expected none of " + String.join(", ", new TreeSet<>(taken)));
    });
  }

  /// Probes the current weights.
  ///
  /// @param step the last update; selects the batch
  /// @param lr   learning rate of that update
  Event.Norm at(int step, double lr) {
    RandomStream stream = RandomStream.of(session.config().train().seed(), "probe").at(step);
    Batch batch = Batch.of(session.backend(), session.kernels(),
        Math.min(SEQUENCES, session.config().train().batch()), session.config().model().context(),
        (inputs, labels) -> windows.sequences(stream::bounded, 0, inputs, labels));
    Observer observer = new Observer();
    gradients.start();
    try (Tape tape = new Tape(session.kernels(), session.weights(), gradients, Pass.EVALUATION, observer)) {
      // The sum over the tokens: gradients at a slot are then those of single tokens' losses, whatever the batch.
      tape.backward(session.model().loss(tape, batch.ids(), batch.targets(), 1));
    }
    List<Optimizer.Change> changes = trainStep.changes(lr, step);
    List<Event.Slot> rows = observer.passes.values().stream().map(pass -> row(pass,
        observer.gradients.getOrDefault(pass.output, Double.NaN),
        ratio(changes, parameter -> parameter.name().startsWith(pass.slot.name() + ".")))).toList();
    return new Event.Norm(step, rows, observer.maxAttentionLogit, observer.logZ,
        ratio(changes, Parameter::decays));
  }

  private double ratio(List<Optimizer.Change> changes, Predicate<Parameter> which) {
    return session.model().parameters().stream().filter(which).map(parameter -> changes.get(parameter.index()))
        .reduce(Optimizer.Change.NONE, Optimizer.Change::plus).ratio();
  }

  /// What forward showed of a slot: the input of its first operation, and the output of its last.
  ///
  /// @param output by which backward knows it
  private record SlotPass(NormSlot slot, Norm.State state, Tensor output, Statistics in, Statistics out) {}

  private final class Observer implements TapeObserver {
    private final Map<String, SlotPass> passes = new LinkedHashMap<>();
    private final Map<Tensor, Double> gradients = new HashMap<>(); // of outputs in slots
    private double maxAttentionLogit = Double.NEGATIVE_INFINITY;
    private double logZ;

    @Override
    public void forward(String layer, Op<?> op, Tensor[] inputs, Tensor output) {
      Array x = inputs[0].value();
      NormSlot slot = slots.get(layer);
      if (slot != null) {
        passes.merge(layer, pass(slot, !passes.containsKey(layer), x, output),
            (first, last) -> new SlotPass(slot, first.state, output, first.in, last.out));
      } else if (op instanceof Attention attention) {
        maxAttentionLogit = Math.max(maxAttentionLogit, maxLogit(x, attention));
      } else if (op instanceof CrossEntropy) {
        logZ = meanLogSumExp(x);
      }
    }

    @Override
    public void backward(String layer, Op<?> op, Tensor output, Array gradient) {
      if (slots.containsKey(layer)) {
        gradients.put(output, rms(session.backend().read(gradient)));
      }
    }
  }

  private SlotPass pass(NormSlot slot, boolean first, Array x, Tensor output) {
    Norm.State state = session.state(slot);
    double[] in = session.backend().read(x);
    if (first) {
      view.input(slot.name(), in);
    }
    return new SlotPass(slot, state, output, Statistics.of(in, x.dim(-1), state.squash()),
        Statistics.of(session.backend().read(output.value()), output.value().dim(-1), null));
  }

  private static Event.Slot row(SlotPass pass, double gradient, double updateRatio) {
    Statistics in = pass.in;
    Squash squash = pass.state.squash();
    return new Event.Slot(pass.slot.name(), pass.slot.type(), pass.state.scalars(),
        squash == null ? Double.NaN : squash.slope(), in.invStd(), in.saturation(),
        in.rms(), in.absmax(), in.kurtosis(), in.outliers(), pass.out.rms(), pass.out.absmax(), gradient,
        updateRatio);
  }

  private double maxLogit(Array qkv, Attention attention) {
    double[] values = session.backend().read(qkv);
    int time = qkv.dim(1);
    int row = qkv.dim(2);
    int headWidth = row / (attention.heads() + 2 * attention.kvHeads());
    int group = attention.heads() / attention.kvHeads();
    double max = Double.NEGATIVE_INFINITY;
    for (int b = 0; b < qkv.dim(0); b++) {
      for (int h = 0; h < attention.heads(); h++) {
        for (int i = 0; i < time; i++) {
          for (int j = 0; j <= i; j++) {
            int q = (b * time + i) * row + h * headWidth;
            int k = (b * time + j) * row + (attention.heads() + h / group) * headWidth;
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

  /// Statistics of the numbers that enter or leave a slot, over all tokens and channels; [Event.Slot] says what each is.
  record Statistics(double invStd, double saturation, double rms, double absmax, double kurtosis, double outliers) {
    private static final double OUTLIER_STDS = 6;

    /// @param values (R, C) row-major
    /// @param width  C
    /// @param squash the slot's squashing function, or null
    static Statistics of(double[] values, int width, @Nullable Squash squash) {
      double[] squares = new double[width];
      double sum = 0;
      double max = 0;
      for (int row = 0; row < values.length; row += width) {
        for (int c = 0; c < width; c++) {
          double value = values[row + c];
          sum += value;
          squares[c] += value * value;
          max = Math.max(max, Math.abs(value));
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
      double std = Math.sqrt(meanSquare - mean * mean);
      return new Statistics(1 / std,
          squash == null ? Double.NaN : shareBeyond(values, squash.slope(), squash.shift(), squash.flat()),
          Math.sqrt(meanSquare),
          max, fourth / (meanSquare * meanSquare), shareBeyond(values, 1, -mean, OUTLIER_STDS * std));
    }

    /// Share of the values with |slope x + shift| > limit.
    private static double shareBeyond(double[] values, double slope, double shift, double limit) {
      int beyond = 0;
      for (double value : values) {
        if (Math.abs(slope * value + shift) > limit) {
          beyond++;
        }
      }
      return beyond / (double) values.length;
    }
  }

  /// Root mean square of some numbers.
  static double rms(double[] values) {
    double squares = 0;
    for (double value : values) {
      squares += value * value;
    }
    return Math.sqrt(squares / values.length);
  }
}
