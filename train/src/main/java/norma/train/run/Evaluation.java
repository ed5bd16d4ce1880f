package norma.train.run;

import java.util.ArrayList;
import java.util.List;
import norma.autodiff.Pass;
import norma.autodiff.Tape;
import norma.kernels.RandomStream;
import norma.train.data.Windows;
import norma.train.data.Windows.Window;

/// Losses without updates. Random numbers come from streams of its own, so that evaluating never changes a run.
public final class Evaluation {
  /// Tokens of one forward pass: enough to keep the kernels busy, and the same whatever the training batch is.
  private static final int TOKENS = 4096;

  private final Session session;
  private final Windows training;
  private final Windows validation;
  private final List<Window> windows;
  private final Batch batch;
  private final Batch trainingBatch;
  private final List<Batch> rest = new ArrayList<>(); // what a multiple of full batches leaves over

  /// For one session.
  public Evaluation(Session session) {
    this.session = session;
    this.training = session.training();
    this.validation = session.validation();
    this.windows = validation.exact();
    int time = session.config().model().context();
    int rows = Math.max(1, TOKENS / time);
    this.batch = Batch.of(session.backend(), rows, time);
    this.trainingBatch = Batch.of(session.backend(), session.config().train().batch(), time);
    long full = windows.stream().filter(window -> window.length() == time).count();
    int left = (int) (full % rows);
    if (left > 0) {
      rest.add(Batch.of(session.backend(), left, time));
    }
    if (full < windows.size()) {
      rest.add(Batch.of(session.backend(), 1, windows.getLast().length()));
    }
  }

  /// Mean loss in nats per character over the whole validation split: consecutive windows of `context` characters, the last
  /// shorter one included, every predicted character counted once.
  public double validationLoss() {
    int rows = batch.ids().dim(0);
    int leftOver = rest.stream().mapToInt(part -> part.ids().dim(0)).sum();
    double sum = 0;
    for (int next = 0; next < windows.size() - leftOver; next += rows) {
      sum += totalLoss(batch, next);
    }
    int next = windows.size() - leftOver;
    for (Batch part : rest) {
      sum += totalLoss(part, next);
      next += part.ids().dim(0);
    }
    return sum / windows.stream().mapToLong(Window::length).sum();
  }

  /// Mean loss over random batches of the training split.
  ///
  /// @param step selects the batches: the same step draws the same
  public double trainingEstimate(long step) {
    int batches = session.config().train().evalBatches();
    RandomStream stream = RandomStream.of(session.config().train().seed(), "eval.train").at(step);
    double sum = 0;
    for (int i = 0; i < batches; i++) {
      training.batch(stream::bounded, i, trainingBatch.inputs(), trainingBatch.labels());
      sum += totalLoss(trainingBatch);
    }
    return sum / (batches * trainingBatch.tokens());
  }

  private double totalLoss(Batch target, int firstWindow) {
    for (int row = 0; row < target.ids().dim(0); row++) {
      validation.copy(windows.get(firstWindow + row), row, target.inputs(), target.labels());
    }
    return totalLoss(target);
  }

  private double totalLoss(Batch target) {
    target.upload(session.backend());
    try (Tape tape = new Tape(session.kernels(), session.weights(), null, Pass.EVALUATION, null)) {
      return session.backend().read(session.model().loss(tape, target.ids(), target.targets(), 1).value())[0];
    }
  }
}
