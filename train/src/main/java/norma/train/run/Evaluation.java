package norma.train.run;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.function.IntFunction;
import norma.autodiff.Pass;
import norma.autodiff.Tape;
import norma.autodiff.TapeObserver;
import norma.kernels.Kernels;
import norma.models.CostModel;
import norma.random.RandomStream;
import norma.nn.Int8;
import norma.train.data.Windows;
import norma.train.data.Windows.Window;
import org.jspecify.annotations.Nullable;

/// Losses without updates. Random numbers come from streams of its own, so that evaluating never changes a run.
public final class Evaluation {
  /// Tokens of one forward pass of a worker, the same whatever the training batch is.
  private static final int TOKENS = 1024;

  private final Session session;
  private final Windows training;
  private final Windows validation;
  private final List<Window> all;
  private final List<Window> watched;
  private final int rows; // of a pass

  /// For one session.
  public Evaluation(Session session) {
    this.session = session;
    this.training = session.training();
    this.validation = session.validation();
    this.all = validation.exact();
    OptionalInt most = session.config().train().evalTokens();
    this.watched = most.isPresent() ? validation.spread(most.getAsInt()) : all;
    this.rows = session.backend().deviceBytes().isPresent()
        ? session.config().train().batch() // a device has the memory for them
        : Math.max(1, TOKENS / session.config().model().context());
  }

  /// Mean loss in nats per token over the whole validation split: consecutive windows of `context` tokens, the last
  /// shorter one included, every predicted token counted once.
  public double validationLoss() {
    return mean(Pass.EVALUATION, validation(all));
  }

  /// The same of the model in [Int8].
  public double int8ValidationLoss() {
    return mean(Int8.EVALUATION, validation(all));
  }

  /// What a run is watched by: [#validationLoss], or an estimate of it on the windows that `train.eval_tokens` leaves, the same every time.
  public double watchedLoss() {
    return mean(Pass.EVALUATION, validation(watched));
  }

  /// Tokens that [#watchedLoss] is an estimate from; 0 where it is exact.
  public long estimateTokens() {
    return watched.size() == all.size() ? 0 : tokens(watched);
  }

  /// Mean loss over random batches of the training split.
  ///
  /// @param step selects the batches: the same step draws the same
  public double trainingEstimate(long step) {
    return mean(Pass.EVALUATION, training(step));
  }

  /// What one evaluation of a run costs.
  ///
  /// @param tokens   that it predicts, of both splits
  /// @param steps    training steps with as much arithmetic: an evaluation has no backward pass
  /// @param exactSteps the same of the exact loss at the end, where the others are estimates; else 0
  /// @param estimate whether the validation loss is one
  public record Cost(long tokens, double steps, double exactSteps, boolean estimate) {

    /// Of a run.
    ///
    /// @param cost of one of its batches
    public static Cost of(Session session, CostModel cost) {
      Evaluation evaluation = new Evaluation(session);
      long tokens = Evaluation.tokens(evaluation.watched) + evaluation.training(0).tokens;
      double forward = cost.parts().values().stream().mapToDouble(layer -> layer.cost().forwardFlops()).sum();
      double step = cost.flops() * session.config().train().accumulate();
      double stepsOfToken = forward / cost.tokens() / step;
      boolean estimate = evaluation.estimateTokens() > 0;
      return new Cost(tokens, tokens * stepsOfToken, estimate ? Evaluation.tokens(evaluation.all) * stepsOfToken : 0,
          estimate);
    }
  }

  /// Refuses a loss that is not a number that can be compared.
  ///
  /// @param split that it is of, for people
  /// @param step  of the evaluation
  /// @throws DivergedException with the weight or the layer that is not finite first
  public void requireFinite(String split, double loss, long step) {
    if (!Double.isFinite(loss)) {
      throw DivergedException.of("the " + split + " loss of an evaluation is " + loss, firstBad(step));
    }
  }

  private String firstBad(long step) {
    String weight = FiniteCheck.firstBadWeight(session.backend(), session.weights());
    if (weight != null) {
      return weight;
    }
    FiniteCheck check = new FiniteCheck(session.backend());
    for (Passes passes : List.of(validation(watched), training(step), validation(all))) {
      for (int i = 0; i < passes.count; i++) {
        Part part = passes.parts.apply(i);
        if (!Double.isFinite(loss(session.kernels(), Pass.EVALUATION, part, null))) {
          loss(session.kernels(), Pass.EVALUATION, part, check);
          return Objects.requireNonNullElse(check.firstBadLayer(), "head");
        }
      }
    }
    return "head";
  }

  private static long tokens(List<Window> windows) {
    return windows.stream().mapToLong(Window::length).sum();
  }

  /// What one forward pass predicts.
  private record Part(int sequences, int time, Batch.Source source) {}

  /// What is averaged, in parts.
  private record Passes(int count, IntFunction<Part> parts, long tokens) {}

  /// All but the last have the same length.
  private Passes validation(List<Window> windows) {
    int time = session.config().model().context();
    boolean shorter = windows.getLast().length() < time;
    int full = windows.size() - (shorter ? 1 : 0);
    int passes = Math.ceilDiv(full, rows);
    return new Passes(passes + (shorter ? 1 : 0), pass -> {
      int first = pass * rows;
      return pass == passes
          ? part(windows.subList(full, full + 1), windows.getLast().length())
          : part(windows.subList(first, Math.min(first + rows, full)), time);
    }, tokens(windows));
  }

  private Part part(List<Window> windows, int time) {
    return new Part(windows.size(), time, (inputs, labels) -> {
      for (int row = 0; row < windows.size(); row++) {
        validation.copy(windows.get(row), row, inputs, labels);
      }
    });
  }

  private Passes training(long step) {
    int time = session.config().model().context();
    int sequences = session.config().train().evalBatches() * session.config().train().batch();
    RandomStream stream = RandomStream.of(session.config().train().seed(), "eval.train").at(step);
    return new Passes(Math.ceilDiv(sequences, rows), pass -> {
      int first = pass * rows;
      return new Part(Math.min(rows, sequences - first), time,
          (inputs, labels) -> training.sequences(stream::bounded, first, inputs, labels));
    }, (long) sequences * time);
  }

  /// Of all passes on all workers, added in the passes' order.
  private double mean(Pass purpose, Passes passes) {
    double[] losses = new double[passes.count];
    session.prepared(StepObserver.NONE, () -> session.workers().each(passes.count,
        (kernels, pass) -> losses[pass] = loss(kernels, purpose, passes.parts.apply(pass), null)));
    return Arrays.stream(losses).sum() / passes.tokens;
  }

  private double loss(Kernels kernels, Pass purpose, Part part, @Nullable TapeObserver observer) {
    Batch batch = Batch.of(session.backend(), kernels, part.sequences, part.time, part.source);
    try (Tape tape = new Tape(kernels, session.weights(), null, purpose, observer)) {
      return session.backend().read(session.model().loss(tape, batch.ids(), batch.targets(), 1).value())[0];
    }
  }
}
