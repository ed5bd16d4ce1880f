package norma.train.run;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import norma.autodiff.GradientBuffer;
import norma.autodiff.Parameter;
import norma.autodiff.Pass;
import norma.autodiff.Tape;
import norma.autodiff.Tensor;
import norma.kernels.Kernels;
import norma.optim.Optimizer;
import norma.random.RandomStream;
import norma.train.config.RunConfig;
import norma.train.data.Windows;
import norma.train.run.StepObserver.Phase;
import norma.train.run.StepObserver.Watch;

/// The mathematics of one step: gradients of a random batch, then the update. The batch is a function of (seed, step).
///
/// The sequences of a batch are dealt to logical shards, each with gradients of its own. Workers take the next shard that
/// nobody has; the shards' gradients are added in their order. So the result is the same bit for bit whichever worker was
/// faster, and for every number of workers that has the same number of shards.
public final class TrainStep {
  /// Tokens of one pass of a shard: activations stay near the processor, and memory does not grow with the batch.
  private static final int TOKENS_PER_PASS = 512;

  private final Session session;
  private final Team team;
  private final Windows windows;
  private final List<GradientBuffer> shards = new ArrayList<>();
  private final Optimizer optimizer;
  private final RandomStream draws;
  private final double[] losses;
  private final double[] squares;

  /// A loss and the norm of its gradient, before any update.
  ///
  /// @param loss         mean over the batch, nats per token
  /// @param gradientNorm global, before clipping
  public record Result(double loss, double gradientNorm) {
    boolean finite() {
      return Double.isFinite(loss) && Double.isFinite(gradientNorm);
    }
  }

  /// For one session; the optimizer starts from zero.
  public TrainStep(Session session) {
    this(session, Team.NONE);
  }

  /// With others, who compute some of its shards.
  TrainStep(Session session, Team team) {
    this(session, team, session.backend().shards());
  }

  /// For a process that computes some of another's shards.
  ///
  /// @param most shards, of the other's backend
  public TrainStep(Session session, int most) {
    this(session, Team.NONE, most);
  }

  private TrainStep(Session session, Team team, int most) {
    RunConfig config = session.config();
    this.session = session;
    this.team = team;
    this.windows = session.training();
    for (int shard = 0; shard < Math.min(most, sequences()); shard++) {
      shards.add(new GradientBuffer(session.backend(), session.model().parameters()));
    }
    this.optimizer = new Optimizer(session.backend(), session.weights(),
        new Optimizer.Settings(config.optim().beta1(), config.optim().beta2(), config.optim().eps(),
            config.optim().momentum(), config.optim().clipNorm()),
        config.optim()::rule);
    this.draws = RandomStream.of(config.train().seed(), "data.train");
    this.losses = new double[shards.size()];
    this.squares = new double[optimizer.chunks()];
  }

  /// Loss and gradients of a step's batches.
  ///
  /// @param step     counts from 1
  /// @param observer watches the workers
  public Result gradients(int step, StepObserver observer) {
    Team.Dealt dealt = team.deal(step, shards, losses);
    compute(step, IntStream.range(0, dealt.left()).boxed().toList(), observer);
    compute(step, dealt.lost().get(), observer);
    session.workers().each(squares.length, (kernels, chunk) -> {
      Watch watch = observer.of(kernels);
      watch.starts(Phase.CLIPPING);
      squares[chunk] = optimizer.reduce(kernels, shards, chunk);
      watch.ends();
    });
    return new Result(Arrays.stream(losses).sum(), Math.sqrt(Arrays.stream(squares).sum()));
  }

  /// Gradients and losses of some shards, which [#gradientsOf] and [#lossOf] have then.
  public void compute(int step, List<Integer> some, StepObserver observer) {
    if (!some.isEmpty()) {
      session.prepared(observer, () -> session.workers().each(some.size(),
          (kernels, i) -> shard(kernels, step, some.get(i), observer.of(kernels))));
    }
  }

  /// A shard's own gradients, before [#gradients] sums them.
  public GradientBuffer gradientsOf(int shard) {
    return shards.get(shard);
  }

  /// A shard's part of the loss.
  public double lossOf(int shard) {
    return losses[shard];
  }

  /// The sums of all shards, once [#gradients] has run and before [#update].
  public GradientBuffer sums() {
    return shards.getFirst();
  }

  /// Updates the weights with the gradients of the same step.
  public void update(Result result, double lr, int step, StepObserver observer) {
    session.workers().each(optimizer.pieces(), (kernels, piece) -> {
      Watch watch = observer.of(kernels);
      watch.starts(Phase.OPTIMIZER);
      optimizer.update(kernels, shards.getFirst(), result.gradientNorm(), lr, step, piece);
      watch.ends();
    });
  }

  /// How far the last update moved each parameter, in the order of the model.
  ///
  /// @param lr   learning rate of that update
  /// @param step of that update
  List<Optimizer.Change> changes(double lr, int step) {
    List<Parameter> parameters = session.model().parameters();
    Optimizer.Change[] changes = new Optimizer.Change[parameters.size()];
    session.workers().each(changes.length,
        (kernels, i) -> changes[i] = optimizer.change(session.backend(), sums(), parameters.get(i), lr, step));
    return List.of(changes);
  }

  /// The optimizer that [#update] runs.
  public Optimizer optimizer() {
    return optimizer;
  }

  private void shard(Kernels kernels, int step, int shard, Watch watch) {
    watch.starts(Phase.SHARD);
    GradientBuffer gradients = shards.get(shard);
    gradients.start();
    int end = startOf(shard + 1);
    double loss = 0;
    for (int first = startOf(shard); first < end; first += sequencesPerPass()) {
      loss += pass(kernels, step, first, Math.min(sequencesPerPass(), end - first), gradients, watch);
    }
    watch.starts(Phase.GRADIENTS);
    gradients.finish(kernels);
    watch.ends();
    losses[shard] = loss;
    watch.ends();
  }

  private int startOf(int shard) {
    return (int) ((long) shard * sequences() / shards.size());
  }

  private double pass(Kernels kernels, int step, int first, int count, GradientBuffer gradients,
      Watch watch) {
    int time = session.config().model().context();
    watch.starts(Phase.DATA);
    Batch batch = Batch.of(session.backend(), kernels, count, time,
        (inputs, labels) -> windows.sequences(draws.at(step)::bounded, first, inputs, labels));
    watch.ends();
    Pass pass = new Pass(true, session.config().train().seed(), step, first);
    try (Tape tape = new Tape(kernels, session.weights(), gradients, pass, watch.tape())) {
      Tensor loss = session.model().loss(tape, batch.ids(), batch.targets(), 1.0 / ((long) sequences() * time));
      tape.backward(loss);
      return session.backend().read(loss.value())[0];
    }
  }

  private int sequencesPerPass() {
    return shards.size() == 1
        ? session.config().train().batch()
        : Math.max(1, TOKENS_PER_PASS / session.config().model().context());
  }

  /// Sequences of the largest pass.
  public int sequencesOfAPass() {
    return Math.min(sequencesPerPass(), Math.ceilDiv(sequences(), shards.size()));
  }

  /// Parts of the batch with gradients of their own.
  public int shards() {
    return shards.size();
  }

  /// Sequences of one step.
  public int sequences() {
    return session.config().train().batch() * session.config().train().accumulate();
  }

  /// The layer where a step that is not finite went wrong first: the weights are still those of before the step.
  String firstBad(int step) {
    FiniteCheck check = new FiniteCheck(session.backend());
    for (int shard = 0; shard < shards.size() && check.firstBadLayer() == null; shard++) {
      shard(session.workers().first(), step, shard, check);
    }
    if (check.firstBadLayer() != null) {
      return check.firstBadLayer();
    }
    for (GradientBuffer gradients : shards) {
      String parameter = FiniteCheck.firstBadGradient(session.backend(), gradients);
      if (parameter != null) {
        return "gradient of " + parameter;
      }
    }
    return "gradient norm";
  }
}
