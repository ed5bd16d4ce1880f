package norma.train.run;

import norma.autodiff.GradientBuffer;
import norma.autodiff.Pass;
import norma.autodiff.Tape;
import norma.autodiff.TapeObserver;
import norma.autodiff.Tensor;
import norma.kernels.RandomStream;
import norma.optim.Optimizer;
import norma.train.config.RunConfig;
import norma.train.data.Windows;
import org.jspecify.annotations.Nullable;

/// The mathematics of one step: gradients of a random batch, then the update. The batch is a function of (seed, step).
public final class TrainStep {
  private final Session session;
  private final Windows windows;
  private final Batch batch;
  private final GradientBuffer gradients;
  private final Optimizer optimizer;
  private final RandomStream draws;

  /// A loss and the norm of its gradient, before any update.
  ///
  /// @param loss         mean over the batch, nats per character
  /// @param gradientNorm global, before clipping
  public record Result(double loss, double gradientNorm) {
    boolean finite() {
      return Double.isFinite(loss) && Double.isFinite(gradientNorm);
    }
  }

  /// For one session; the optimizer starts from zero.
  public TrainStep(Session session) {
    RunConfig config = session.config();
    this.session = session;
    this.windows = session.training();
    this.batch = Batch.of(session.backend(), config.train().batch(), config.model().context());
    this.gradients = new GradientBuffer(session.backend(), session.model().parameters());
    this.optimizer = new Optimizer(session.backend(), session.weights(),
        new Optimizer.Settings(config.optim().beta1(), config.optim().beta2(), config.optim().eps(),
            config.optim().weightDecay(), config.optim().clipNorm()));
    this.draws = RandomStream.of(config.train().seed(), "data.train");
  }

  /// Loss and gradients of a step's batch, in `accumulate` passes.
  ///
  /// @param step     counts from 1
  /// @param observer of every operation, or null
  public Result gradients(int step, @Nullable TapeObserver observer) {
    RunConfig.Train train = session.config().train();
    double scale = 1.0 / (batch.tokens() * train.accumulate());
    double loss = 0;
    gradients.start();
    for (int pass = 0; pass < train.accumulate(); pass++) {
      int firstSequence = pass * train.batch();
      windows.sequences(draws.at(step)::bounded, firstSequence, batch.inputs(), batch.labels());
      batch.upload(session.backend());
      try (Tape tape = new Tape(session.kernels(), session.weights(), gradients,
          new Pass(true, train.seed(), step, firstSequence), observer)) {
        Tensor mean = session.model().loss(tape, batch.ids(), batch.targets(), scale);
        loss += session.backend().read(mean.value())[0];
        tape.backward(mean);
      }
    }
    gradients.finish(session.kernels());
    return new Result(loss, optimizer.gradientNorm(session.kernels(), gradients));
  }

  /// Updates the weights with the gradients of the same step.
  public void update(Result result, double lr, int step) {
    optimizer.step(session.kernels(), gradients, result.gradientNorm(), lr, step);
  }

  /// The layer where a step that is not finite went wrong first: the weights are still those of before the step.
  String firstBad(int step) {
    FiniteCheck check = new FiniteCheck(session.backend());
    gradients(step, check);
    String layer = check.firstBadLayer();
    String gradient = layer == null ? FiniteCheck.firstBadGradient(session.backend(), gradients) : null;
    return layer != null ? layer : gradient != null ? "gradient of " + gradient : "gradient norm";
  }
}
