package norma.train.run;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import norma.array.Array;
import norma.autodiff.GradientBuffer;
import norma.autodiff.Parameter;
import norma.autodiff.ParameterBuffer;
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
import org.jspecify.annotations.Nullable;

/// The mathematics of one step: gradients of a random batch, then the update. The batch is a function of (seed, step).
///
/// The sequences of a batch are dealt to logical shards, each with gradients of its own. Workers take the next shard that
/// nobody has; the shards' gradients are added in their order. So the result is the same bit for bit whichever worker was
/// faster, and for every number of workers that has the same number of shards.
///
/// With `train.sync_every` above 1 a round of so many steps takes the place of one step, and a shard's way in it that of its gradient
/// ([LocalTraining]).
public final class TrainStep {
  /// Tokens of one pass of a shard: activations stay near the processor, and memory does not grow with the batch.
  private static final int TOKENS_PER_PASS = 512;

  private final Session session;
  private final Team team;
  private final Windows windows;
  private final List<GradientBuffer> shards = new ArrayList<>();
  private final @Nullable LocalTraining local;
  private final Optimizer optimizer;
  private final RandomStream draws;
  private final double[] losses;
  private final double[] squares;
  private double lrFactor = 1; // of this step
  private boolean whole = true;

  /// A loss and the norm of its gradient, before any update.
  ///
  /// @param loss         mean over the batch, nats per token
  /// @param gradientNorm global, before clipping
  public record Result(double loss, double gradientNorm) {
    boolean finite() {
      return Double.isFinite(loss) && Double.isFinite(gradientNorm);
    }
  }

  /// Steps that are synchronized one by one, for one session; the optimizer starts from zero.
  public TrainStep(Session session) {
    this(session, Team.NONE, session.backend().shards(), 1);
  }

  /// As the session's run takes them, with others, who compute some of its shards.
  TrainStep(Session session, Team team) {
    this(session, team, session.backend().shards(), session.config().train().syncEvery());
  }

  /// For a process that computes some of another's shards.
  ///
  /// @param most shards, of the other's backend
  public TrainStep(Session session, int most) {
    this(session, Team.NONE, most, session.config().train().syncEvery());
  }

  private TrainStep(Session session, Team team, int most, int syncEvery) {
    RunConfig config = session.config();
    this.session = session;
    this.team = team;
    this.windows = session.training();
    for (int shard = 0; shard < Math.min(most, sequences()); shard++) {
      shards.add(new GradientBuffer(session.backend(), session.model().parameters()));
    }
    this.local = syncEvery == 1 ? null : new LocalTraining(session, shards);
    this.optimizer = local == null ? optimizer(session, session.weights()) : local.optimizer(0);
    this.draws = RandomStream.of(config.train().seed(), "data.train");
    this.losses = new double[shards.size()];
    this.squares = new double[optimizer.chunks()];
  }

  /// An optimizer of some weights, as the run has it.
  static Optimizer optimizer(Session session, ParameterBuffer weights) {
    RunConfig.Optim optim = session.config().optim();
    return new Optimizer(session.backend(), weights, new Optimizer.Settings(optim.beta1(), optim.beta2(), optim.eps(),
        optim.momentum(), optim.clipNorm()), optim::rule);
  }

  /// Loss and gradients of a step's batches.
  ///
  /// @param step     counts from 1; the last of a round
  /// @param observer watches the workers
  public Result gradients(int step, StepObserver observer) {
    return gradients(step, 1, observer);
  }

  /// The same with other learning rates than the schedule's, which a round needs.
  ///
  /// @param factor of the schedule's rates
  Result gradients(int step, double factor, StepObserver observer) {
    Team.Dealt dealt = team.deal(this, step, factor);
    whole = dealt.left() == shards.size();
    compute(step, factor, IntStream.range(0, dealt.left()).boxed().toList(), observer);
    compute(step, factor, dealt.lost().get(), observer);
    session.workers().each(squares.length, (kernels, chunk) -> {
      Watch watch = observer.of(kernels);
      watch.starts(Phase.CLIPPING);
      squares[chunk] = optimizer.reduce(kernels, shards, chunk);
      watch.ends();
    });
    double norm = Math.sqrt(Arrays.stream(squares).sum());
    return new Result(Arrays.stream(losses).sum(), local == null ? norm : norm / shards.size());
  }

  /// Whether all of the last step was computed here.
  boolean isWhole() {
    return whole;
  }

  /// Computes some shards: what [#lossOf], [#gradientsOf] and [#stateOf] have then.
  ///
  /// @param factor of the schedule's learning rates
  public void compute(int step, double factor, List<Integer> some, StepObserver observer) {
    lrFactor = factor;
    if (!some.isEmpty()) {
      session.prepared(observer, () -> session.workers().each(some.size(),
          (kernels, i) -> shard(kernels, step, some.get(i), observer.of(kernels))));
    }
  }

  /// What a shard is computed from besides the weights: what its own optimizer keeps from round to round.
  public List<Array> stateOf(int shard) {
    return local == null
        ? List.of()
        : local.optimizer(shard).state().stream().map(kept -> kept.values().flat()).toList();
  }

  /// What a shard leaves besides its loss and its state: its own gradients, before [#gradients] sums them.
  public Array gradientsOf(int shard) {
    return shards.get(shard).buffer().flat();
  }

  /// A shard's part of the loss. Where that is not finite, nothing else of the shard counts.
  public double lossOf(int shard) {
    return losses[shard];
  }

  /// Takes the loss of a shard that was computed elsewhere.
  public void ended(int shard, double loss) {
    losses[shard] = loss;
  }

  /// The sums of all shards, once [#gradients] has run and before [#update].
  public GradientBuffer sums() {
    return shards.getFirst();
  }

  /// Updates the weights with the gradients of the same step.
  ///
  /// @param lr learning rate; a round has had its own
  public void update(Result result, double lr, int step, StepObserver observer) {
    session.workers().each(local == null ? optimizer.pieces() : optimizer.chunks(), (kernels, part) -> {
      Watch watch = observer.of(kernels);
      watch.starts(Phase.OPTIMIZER);
      if (local == null) {
        optimizer.update(kernels, shards.getFirst(), result.gradientNorm(), lr, step, part);
      } else {
        local.update(kernels, part);
      }
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
        (kernels, i) -> changes[i] = local == null
            ? optimizer.change(session.backend(), sums(), parameters.get(i), lr, step)
            : local.change(parameters.get(i)));
    return List.of(changes);
  }

  /// The optimizer that [#update] runs, or that of the first shard.
  public Optimizer optimizer() {
    return optimizer;
  }

  /// Floating-point operations of the optimizers in one step.
  double updateFlops() {
    return optimizer.cost().forwardFlops() * (local == null ? 1 : shards.size());
  }

  /// All that is kept from step to step: what a checkpoint holds besides the weights.
  List<Optimizer.State> state() {
    return local == null ? optimizer.state() : local.state();
  }

  private void shard(Kernels kernels, int step, int shard, Watch watch) {
    watch.starts(Phase.SHARD);
    LocalTraining rounds = local;
    double loss = rounds == null
        ? gradients(kernels, step, shard, session.weights(), watch)
        : rounds.round(kernels, shard, step, lrFactor, watch,
            (at, weights) -> gradients(kernels, at, shard, weights, watch));
    // A shard that trains alone has the loss of its own sequences.
    losses[shard] = rounds == null ? loss : loss * (startOf(shard + 1) - startOf(shard)) / sequences();
    watch.ends();
  }

  /// A shard's gradients at some weights, and their loss.
  private double gradients(Kernels kernels, int step, int shard, ParameterBuffer weights, Watch watch) {
    GradientBuffer gradients = shards.get(shard);
    gradients.start();
    int start = startOf(shard);
    int end = startOf(shard + 1);
    int mean = local == null ? sequences() : end - start;
    double loss = 0;
    for (int first = start; first < end; first += sequencesOfAPass()) {
      loss += pass(kernels, step, first, Math.min(sequencesOfAPass(), end - first), weights, mean, gradients, watch);
    }
    watch.starts(Phase.GRADIENTS);
    gradients.finish(kernels);
    watch.ends();
    return loss;
  }

  private int startOf(int shard) {
    return (int) ((long) shard * sequences() / shards.size());
  }

  /// @param mean number of the sequences that the loss is a mean of
  private double pass(Kernels kernels, int step, int first, int count, ParameterBuffer weights, int mean,
      GradientBuffer gradients, Watch watch) {
    int time = session.config().model().context();
    watch.starts(Phase.DATA);
    Batch batch = Batch.of(session.backend(), kernels, count, time,
        (inputs, labels) -> windows.sequences(draws.at(step)::bounded, first, inputs, labels));
    watch.ends();
    Pass pass = new Pass(true, session.config().train().seed(), step, first);
    try (Tape tape = new Tape(kernels, weights, gradients, pass, watch.tape())) {
      Tensor loss = session.model().loss(tape, batch.ids(), batch.targets(), 1.0 / ((long) mean * time));
      tape.backward(loss);
      return session.backend().read(loss.value())[0];
    }
  }

  /// Sequences of the largest pass.
  public int sequencesOfAPass() {
    return sequencesOfAPass(session.config(), shards.size());
  }

  /// The same before there are any shards.
  static int sequencesOfAPass(RunConfig config, int shards) {
    return shards == 1
        ? config.train().batch()
        : Math.min(Math.max(1, TOKENS_PER_PASS / config.model().context()),
            Math.ceilDiv(config.train().sequences(), shards));
  }

  /// Parts of the batch with gradients of their own.
  public int shards() {
    return shards.size();
  }

  /// Sequences of one step.
  public int sequences() {
    return session.config().train().sequences();
  }

  /// The layer where a step that is not finite went wrong first: the weights are still those of before the step.
  String firstBad(int step) {
    FiniteCheck check = new FiniteCheck(session.backend());
    for (int shard = 0; shard < shards.size() && check.firstBadLayer() == null; shard++) {
      if (local == null) {
        shard(session.kernels(), step, shard, check);
      } else if (!Double.isFinite(losses[shard])) {
        gradients(session.kernels(), local.step(shard), shard, local.weights(shard), check);
      }
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
