package norma.train.doctor;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import norma.train.report.Median;
import norma.train.run.StepTimer;
import org.jspecify.annotations.Nullable;

/// Several ways to compute the same steps, measured in turn, forwards and backwards: what drifts on the machine meets all alike.
final class StepTrials implements AutoCloseable {
  /// Of all rounds: a busy machine leaves time for fewer, see [Speedup#conclusive].
  private static final long MOST_NANOS = TimeUnit.SECONDS.toNanos(20);

  private final String program;
  private final double share;
  private final Map<StepProcess.Start, StepProcess> processes = new LinkedHashMap<>();
  private final List<Trial> trials = new ArrayList<>();
  private final Map<Trial, List<Double>> millis = new LinkedHashMap<>();

  /// One way.
  ///
  /// @param start   of the JVM
  /// @param threads that compute
  record Trial(StepProcess.Start start, int threads) {}

  /// @param program class whose `main` measures, see [StepProcess]
  /// @param share   of processor time that one can expect
  StepTrials(String program, double share) {
    this.program = program;
    this.share = share;
  }

  /// A way to measure.
  Trial add(StepProcess.Start start, int threads) {
    Trial trial = new Trial(start, threads);
    trials.add(trial);
    return trial;
  }

  /// Number of different JVMs.
  int jvms() {
    return (int) trials.stream().map(Trial::start).distinct().count();
  }

  /// Measures all.
  ///
  /// @param progress for people
  void run(Consumer<String> progress) throws IOException, InterruptedException {
    for (Trial trial : trials) {
      process(trial, progress);
    }
    Set<Trial> failed = new HashSet<>();
    long end = System.nanoTime() + MOST_NANOS;
    for (int round = 0; round < StepTimer.ROUNDS && System.nanoTime() < end; round++) {
      progress.accept("measuring steps: round " + (round + 1) + " of " + StepTimer.ROUNDS);
      for (int i = 0; i < trials.size(); i++) {
        Trial trial = trials.get(StepTimer.turn(round, i, trials.size()));
        Optional<List<Double>> steps = failed.contains(trial)
            ? Optional.empty()
            : process(trial, progress).steps(trial.threads);
        steps.ifPresentOrElse(some -> millis.computeIfAbsent(trial, t -> new ArrayList<>()).add(Median.of(some)),
            () -> failed.add(trial));
      }
    }
    failed.forEach(millis::remove);
  }

  /// The trial's JVM; started and warmed up when it is needed first.
  private StepProcess process(Trial trial, Consumer<String> progress) throws IOException, InterruptedException {
    @Nullable
    StepProcess running = processes.get(trial.start);
    if (running == null) {
      progress.accept("measuring steps: starting JVM " + (processes.size() + 1) + " of " + jvms());
      running = new StepProcess(trial.start, program, share);
      processes.put(trial.start, running);
      running.steps(trial.threads); // the compilers' time: it does not count
    }
    return running;
  }

  /// Median milliseconds of a step in each round; nothing if some round gave no answer.
  Optional<List<Double>> millis(Trial trial) {
    return Optional.ofNullable(millis.get(trial));
  }

  /// How many times as fast the second is.
  Optional<Speedup> speedup(Trial before, Trial after) {
    return millis(before).flatMap(a -> millis(after).map(b -> Speedup.of(a, b)));
  }

  @Override
  public void close() {
    processes.values().forEach(StepProcess::close);
  }
}
