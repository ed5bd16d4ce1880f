package norma.train.run;

import java.util.List;
import norma.autodiff.Pass;
import norma.autodiff.Tape;
import norma.kernels.RandomStream;
import norma.train.data.Windows;
import norma.train.data.Windows.Window;

/// Losses without updates. Random numbers come from streams of its own, so that evaluating never changes a run.
public final class Evaluation {
  private final Session session;
  private final Batch batch;
  private final Batch single;
  private final Windows training;
  private final Windows validation;

  /// For one session.
  public Evaluation(Session session) {
    this.session = session;
    this.training = session.training();
    this.validation = session.validation();
    int time = session.config().model().context();
    List<Window> windows = validation.exact();
    this.batch = Batch.of(session.backend(), session.config().train().batch(), time);
    this.single = Batch.of(session.backend(), 1, windows.getLast().length());
  }

  /// Mean loss in nats per character over the whole validation split: consecutive windows of `context` characters, the last
  /// shorter one included, every predicted character counted once.
  public double validationLoss() {
    List<Window> windows = validation.exact();
    double sum = 0;
    long tokens = 0;
    int rows = batch.ids().dim(0);
    int next = 0;
    while (next < windows.size()) {
      boolean full = next + rows <= windows.size() && windows.get(next + rows - 1).length() == batch.ids().dim(1);
      int length = windows.get(next).length();
      Batch target = full ? batch : length == single.ids().dim(1) ? single
        : Batch.of(session.backend(), 1, length);
      for (int row = 0; row < target.ids().dim(0); row++) {
        validation.copy(windows.get(next + row), row, target.inputs(), target.labels());
      }
      sum += totalLoss(target);
      tokens += target.tokens();
      next += target.ids().dim(0);
    }
    return sum / tokens;
  }

  /// Mean loss over random batches of the training split.
  ///
  /// @param step selects the batches: the same step draws the same
  public double trainingEstimate(long step) {
    int batches = session.config().train().evalBatches();
    RandomStream stream = RandomStream.of(session.config().train().seed(), "eval.train").at(step);
    double sum = 0;
    for (int i = 0; i < batches; i++) {
      training.batch(stream::bounded, i, batch.inputs(), batch.labels());
      sum += totalLoss(batch);
    }
    return sum / (batches * batch.tokens());
  }

  private double totalLoss(Batch target) {
    target.upload(session.backend());
    try (Tape tape = new Tape(session.kernels(), session.weights(), null, Pass.EVALUATION, null)) {
      return session.backend().read(session.model().loss(tape, target.ids(), target.targets(), 1).value())[0];
    }
  }
}
