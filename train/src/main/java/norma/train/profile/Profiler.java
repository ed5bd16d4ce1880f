package norma.train.profile;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import norma.models.CostModel;
import norma.train.config.RunConfig;
import norma.train.metrics.Median;
import norma.train.run.RecordedStep;
import norma.train.run.RecordedStep.Times;
import norma.train.run.Session;
import norma.train.run.StepObserver;
import norma.train.run.StepRecorder;
import norma.train.run.StepTimer;
import norma.train.run.TrainStep;
import org.jspecify.annotations.Nullable;

/// Measures training steps, in turn with nobody watching and with every span recorded. The learning rate is 0: every step is the
/// same work.
public final class Profiler {
  /// Rounds of several cases go forwards and backwards in turn, so their number is even: a drift of the machine meets all cases alike. A round
  /// costs a start of every case; with twenty, ratios of single rounds that differed by 30 % on a shared machine gave a median
  /// that is good to some percent (2026-11-26).
  private static final int FEWEST_ROUNDS = 6;
  private static final int MOST_ROUNDS = 20;
  private static final int PAIRS_OF_A_ROUND = 6;
  /// Until the compiler is done with all kernels: of the first case, and of further ones, which have few of their own.
  private static final long WARM_UP_NANOS = 4_000_000_000L;
  private static final long MORE_NANOS = 1_500_000_000L;
  /// Steps that fill memory and caches again.
  private static final int WARM_UP = 4;
  private static final int FEWEST = 3;
  /// Time of one case in all its rounds.
  private static final long MOST_NANOS = 60_000_000_000L;
  private static final int TRACED = 3;

  private final ProfilePlan plan;
  private final Consumer<String> progress;
  private final Function<Session, Peaks> machine;
  private final long warmUpNanos;
  private final Map<RunConfig.Runtime, Peaks> peaks = new HashMap<>();

  /// @param progress hears what is being done
  public Profiler(ProfilePlan plan, Consumer<String> progress) {
    this(plan, progress, Peaks::measure, WARM_UP_NANOS);
  }

  Profiler(ProfilePlan plan, Consumer<String> progress,
      Function<Session, Peaks> machine, long warmUpNanos) {
    this.plan = plan;
    this.progress = progress;
    this.machine = machine;
    this.warmUpNanos = warmUpNanos;
  }

  /// Measurements of one case so far.
  private static final class Samples {
    private final List<Double> plain = new ArrayList<>();
    private final List<Double> watched = new ArrayList<>();
    private final List<Double> ratios = new ArrayList<>();
    private final List<Double> rounds = new ArrayList<>();
    private final List<Double> slots = new ArrayList<>(); // of each round
    private final List<Map<String, Times>> rows = new ArrayList<>(); // of each watched step
    private final List<RecordedStep> recorded = new ArrayList<>(); // the last ones
    private String backend = "";
    private @Nullable WorkCount work;
    private Profile.@Nullable MemoryUse memory;

    void watched(RecordedStep step) {
      watched.add(step.nanos() / 1e6);
      rows.add(step.rows(UnaryOperator.identity()));
      recorded.add(step);
      if (recorded.size() > TRACED) {
        recorded.removeFirst();
      }
    }
  }

  /// Measures all cases. The machine's peaks are measured before and after them: other processes may disturb one of the two.
  public List<Profile> measure() {
    for (ProfilePlan.Case one : plan.cases()) { // what cannot start shows at once, not after minutes
      Session.start(one.config(), false).close();
    }
    List<Samples> samples = new ArrayList<>();
    plan.cases().forEach(one -> samples.add(new Samples()));
    int rounds = plan.cases().size() == 1
        ? 1
        : 2 * Math.clamp(plan.steps() / (2 * PAIRS_OF_A_ROUND), FEWEST_ROUNDS / 2, MOST_ROUNDS / 2);
    measurePeaks();
    for (int round = 0; round < rounds; round++) {
      for (int i = 0; i < samples.size(); i++) {
        int turn = StepTimer.turn(round, i, samples.size());
        progress.accept((rounds == 1 ? "" : "round " + (round + 1) + " of " + rounds + ", ")
            + plan.cases().get(turn).name());
        long warmUp = round > 0 ? 0 : turn == 0 ? warmUpNanos : Math.min(warmUpNanos, MORE_NANOS);
        round(plan.cases().get(turn).config(), samples.get(turn), warmUp, rounds);
      }
    }
    measurePeaks();
    List<Profile> profiles = new ArrayList<>();
    for (int i = 0; i < samples.size(); i++) {
      profiles.add(profile(plan.cases().get(i), samples.get(i)));
    }
    return profiles;
  }

  private void measurePeaks() {
    progress.accept("peaks of the machine");
    Map<RunConfig.Runtime, RunConfig> runtimes = new LinkedHashMap<>();
    plan.cases().forEach(one -> runtimes.putIfAbsent(one.config().runtime(), one.config()));
    runtimes.forEach((runtime, config) -> {
      try (Session session = Session.start(config, false)) { // of its own: its memory is not the run's
        peaks.merge(runtime, machine.apply(session), Peaks::best);
      }
    });
  }

  private void round(RunConfig config, Samples samples, long warmUp, int rounds) {
    try (Session session = Session.start(config, false)) {
      Stepper stepper = new Stepper(session);
      stepper.warmUp(warmUp);
      stepper.measure(samples, Math.ceilDiv(plan.steps(), rounds), MOST_NANOS / rounds);
      if (samples.work == null) {
        samples.backend = session.backend().description();
        CostModel pass = CostModel.of(session.model(), stepper.trainStep.sequencesOfAPass(),
            session.backend().activations());
        samples.memory = ProcessMemory.of(session, stepper.trainStep, pass, plan.cases().size() == 1);
        samples.work = WorkCount.of(session, stepper.trainStep, pass);
      }
    }
  }

  /// Steps of one session.
  private static final class Stepper {
    private final Session session;
    private final TrainStep trainStep;
    private final StepRecorder recorder;
    private int step;

    Stepper(Session session) {
      this.session = session;
      this.trainStep = new TrainStep(session);
      this.recorder = new StepRecorder(session);
    }

    void warmUp(long nanos) {
      long begin = System.nanoTime();
      for (int i = 0; i < WARM_UP || System.nanoTime() - begin < nanos; i += 2) {
        plain();
        watched();
      }
    }

    void measure(Samples samples, int pairs, long nanos) {
      List<Double> round = new ArrayList<>();
      int before = samples.rows.size();
      long begin = System.nanoTime();
      for (int i = 0; i < pairs && (i < FEWEST || System.nanoTime() - begin < nanos); i++) {
        RecordedStep first = i % 2 == 0 ? null : watched();
        double plain = plain();
        RecordedStep recorded = first == null ? watched() : first;
        round.add(plain);
        samples.watched(recorded);
        samples.ratios.add(recorded.nanos() / 1e6 / plain);
      }
      samples.plain.addAll(round);
      samples.rounds.add(Quartiles.of(round).median());
      samples.slots.add(Median.of(samples.rows.subList(before, samples.rows.size()).stream()
          .mapToDouble(rows -> slotMillis(session, rows)).toArray()));
    }

    private double plain() {
      long start = System.nanoTime();
      run(StepObserver.NONE);
      return (System.nanoTime() - start) / 1e6;
    }

    private RecordedStep watched() {
      recorder.begin();
      run(recorder);
      return recorder.end();
    }

    private void run(StepObserver observer) {
      step++;
      trainStep.update(trainStep.gradients(step, observer), 0, step, observer);
      session.backend().synchronize();
    }
  }

  private static double slotMillis(Session session, Map<String, Times> rows) {
    return session.model().slots().stream().map(slot -> rows.get(slot.name())).filter(Objects::nonNull)
        .mapToDouble(Times::total).sum() / 1e6;
  }

  private Profile profile(ProfilePlan.Case one, Samples samples) {
    WorkCount work = Objects.requireNonNull(samples.work);
    Peaks roofs = Objects.requireNonNull(peaks.get(one.config().runtime()));
    Profile.Steps steps = new Profile.Steps(Quartiles.of(samples.plain), Quartiles.of(samples.watched),
        Quartiles.of(samples.ratios).median() - 1, samples.rounds, samples.slots, samples.plain.size(), work.tokens(),
        work.flops());
    return new Profile(one.name(), one.settings(), one.config(), samples.backend, roofs, steps,
        work.rows(samples.rows, roofs), Objects.requireNonNull(samples.memory),
        samples.recorded);
  }
}
