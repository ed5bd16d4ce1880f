package norma.train.run;

import java.util.Arrays;
import java.util.List;
import norma.autodiff.Pass;
import norma.autodiff.Tape;
import norma.kernels.Kernels;
import norma.kernels.RandomStream;
import norma.train.data.Windows;
import norma.train.data.Windows.Window;

/// Losses without updates. Random numbers come from streams of its own, so that evaluating never changes a run.
public final class Evaluation {
  /// Tokens of one forward pass of a worker, the same whatever the training batch is.
  private static final int TOKENS = 1024;

  private final Session session;
  private final Windows training;
  private final Windows validation;
  private final List<Window> windows;
  private final int rows; // of a pass

  /// For one session.
  public Evaluation(Session session) {
    this.session = session;
    this.training = session.training();
    this.validation = session.validation();
    this.windows = validation.exact();
    this.rows = session.backend().deviceBytes().isPresent()
        ? session.config().train().batch() // a device has the memory for them
        : Math.max(1, TOKENS / session.config().model().context());
  }

  /// Mean loss in nats per character over the whole validation split: consecutive windows of `context` characters, the last
  /// shorter one included, every predicted character counted once.
  public double validationLoss() {
    return validationLoss(Pass.EVALUATION);
  }

  /// The same with the inputs and weights of all linear layers, the head's too, rounded to int8: see [Pass#int8].
  public double int8ValidationLoss() {
    return validationLoss(Pass.INT8);
  }

  private double validationLoss(Pass purpose) {
    int time = session.config().model().context();
    boolean shorter = windows.getLast().length() < time;
    int full = windows.size() - (shorter ? 1 : 0);
    int passes = Math.ceilDiv(full, rows);
    double sum = total(passes + (shorter ? 1 : 0), (kernels, pass) -> {
      int first = pass * rows;
      return pass == passes
          ? windowLoss(kernels, purpose, full, 1, windows.getLast().length())
          : windowLoss(kernels, purpose, first, Math.min(rows, full - first), time);
    });
    return sum / windows.stream().mapToLong(Window::length).sum();
  }

  /// Mean loss over random batches of the training split.
  ///
  /// @param step selects the batches: the same step draws the same
  public double trainingEstimate(long step) {
    int time = session.config().model().context();
    int sequences = session.config().train().evalBatches() * session.config().train().batch();
    RandomStream stream = RandomStream.of(session.config().train().seed(), "eval.train").at(step);
    double sum = total(Math.ceilDiv(sequences, rows), (kernels, pass) -> {
      int first = pass * rows;
      return loss(kernels, Pass.EVALUATION, Math.min(rows, sequences - first), time,
          (inputs, labels) -> training.sequences(stream::bounded, first, inputs, labels));
    });
    return sum / ((double) sequences * time);
  }

  private interface Loss {
    double of(Kernels kernels, int pass);
  }

  /// Sum over passes on all workers, added in the passes' order.
  private double total(int passes, Loss loss) {
    double[] losses = new double[passes];
    session.eachPrepared(passes, StepObserver.NONE, (kernels, pass) -> losses[pass] = loss.of(kernels, pass));
    return Arrays.stream(losses).sum();
  }

  private double windowLoss(Kernels kernels, Pass purpose, int first, int count, int time) {
    return loss(kernels, purpose, count, time, (inputs, labels) -> {
      for (int row = 0; row < count; row++) {
        validation.copy(windows.get(first + row), row, inputs, labels);
      }
    });
  }

  private double loss(Kernels kernels, Pass purpose, int sequences, int time, Batch.Source source) {
    Batch batch = Batch.of(session.backend(), kernels, sequences, time, source);
    try (Tape tape = new Tape(kernels, session.weights(), null, purpose, null)) {
      return session.backend().read(session.model().loss(tape, batch.ids(), batch.targets(), 1).value())[0];
    }
  }
}
