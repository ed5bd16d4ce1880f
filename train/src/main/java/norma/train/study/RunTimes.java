package norma.train.study;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import norma.train.config.RunConfig;
import norma.train.files.Tree;
import norma.train.run.Evaluation;
import norma.train.run.RunException;
import norma.train.run.Session;
import norma.train.run.StepTimer;
import norma.train.study.Study.Candidate;
import norma.train.study.Study.Variant;

/// How long runs take, by a pilot: as many short runs at once as there will be processes, with all that a run does besides its steps.
///
/// @param steps       of the short run
/// @param seconds     of the short run, with start, evaluations, checkpoint and report, in a process that has trained before
/// @param startUp     more seconds of a process's first run, its own start included
/// @param stepSeconds by what determines the FLOPs of a step, beside as many others as there will be
/// @param evaluation  of the first baseline, in steps of it
record RunTimes(int steps, double seconds, double startUp, Map<Double, Double> stepSeconds, double evaluation) {
  /// The first 40 steps of a process are slower than the others.
  private static final int MOST_STEPS = 40;
  /// Of fewer the median of a step would be that of the first.
  private static final int FEWEST_STEPS = 4;
  /// Operations that a pilot may take: six seconds of a core at 20 GFLOP/s, a fifth of what a core with AVX2 does.
  private static final double MOST_FLOPS = 1.2e11;
  /// A short run that takes longer is not repeated. The first steps of a process take up to twice as long as later ones.
  private static final double LONG_SECONDS = 20;
  /// Other sizes are measured up to this number; what lies between takes its time by its FLOPs.
  private static final int MOST_SIZES = 4;

  RunTimes {
    stepSeconds = Map.copyOf(stepSeconds);
  }

  /// Trains some short runs of the first baseline.
  ///
  /// @param jobs    at once
  /// @param threads of each
  /// @param stop    set from outside to end early
  /// @return nothing if it was told to stop
  /// @throws RunException if such a run fails
  static Optional<RunTimes> measure(StudyFolder folder, int jobs, int threads, StepCost cost, AtomicBoolean stop)
      throws IOException {
    Study study = folder.study();
    Map<Candidate, Double> known = StepTimes.read(folder.path()).of(study);
    double uptime = ManagementFactory.getRuntimeMXBean().getUptime() / 1e3;
    Variant first = study.firstBaseline();
    Candidate candidate = first.candidates().getFirst();
    RunConfig config = candidate.config();
    double flops = cost.flops(config);
    int steps = Math.min(config.train().steps(), (int) Math.clamp(MOST_FLOPS / flops, FEWEST_STEPS, MOST_STEPS));
    List<List<CellResult>> pilots = pilot(first.with(List.of(candidate.with(config.withoutRounds().withSteps(steps)))),
        jobs, threads, stop);
    if (stop.get()) {
      return Optional.empty();
    }
    pilots.stream().flatMap(List::stream).filter(CellResult::failed).findFirst().ifPresent(run -> {
      throw new RunException("a run cannot be tried here: " + run.error());
    });
    List<CellResult> runs = pilots.getFirst();
    CellResult last = runs.getLast();
    double step = config.train().sequences() * config.model().context() / last.tokensPerSecond();
    Map<Double, Double> stepSeconds = new HashMap<>(Map.of(flops, step));
    stepSeconds.putAll(others(study, known, cost, flops, step, threads, stop));
    if (stop.get()) {
      return Optional.empty();
    }
    double evaluation;
    try (Session session = Session.start(config.with(OptionalInt.of(threads)).beginningWith(Optional.empty()), false)) {
      evaluation = Evaluation.Cost.of(session, session.cost()).steps();
    }
    return Optional.of(new RunTimes(steps, last.seconds(), uptime + runs.getFirst().seconds() - last.seconds(),
        stepSeconds, evaluation));
  }

  /// Every process's results, of one run or of two. Where one of them throws it sets `stop`, for the others.
  private static List<List<CellResult>> pilot(Variant variant, int jobs, int threads, AtomicBoolean stop)
      throws IOException {
    Path place = Files.createTempDirectory("norma-plan");
    List<CompletableFuture<List<CellResult>>> all = List.of();
    try {
      all = IntStream.range(0, jobs)
          .mapToObj(job -> CompletableFuture.supplyAsync(() -> runs(variant, place.resolve("job" + job), threads, stop),
              task -> new Thread(task, "norma-plan-" + job).start()))
          .toList();
      return all.stream().map(CompletableFuture::join).toList();
    } catch (CompletionException e) {
      stop.set(true); // the others
      if (e.getCause() instanceof UncheckedIOException disk) {
        throw disk.getCause();
      }
      throw e;
    } finally {
      all.forEach(job -> job.exceptionally(_ -> List.of()).join());
      Tree.delete(place);
    }
  }

  private static List<CellResult> runs(Variant variant, Path place, int threads, AtomicBoolean stop) {
    List<CellResult> results = new ArrayList<>();
    try {
      for (long seed = 1; seed <= 2 && (results.isEmpty() || results.getFirst().seconds() < LONG_SECONDS); seed++) {
        StudyFolder folder = new StudyFolder(
            new Study("plan", "", "", List.of(seed), List.of(), List.of(variant)), place.resolve("seed" + seed));
        new StudyWorker(folder, OptionalInt.of(threads), stop).run();
        results.addAll(folder.reported(variant).values());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return results;
  }

  /// Steps of other sizes are measured alone: their ratio to the first counts.
  private static Map<Double, Double> others(Study study, Map<Candidate, Double> known, StepCost cost, double first,
      double step, int threads, AtomicBoolean stop) {
    Map<Double, RunConfig> sizes = new HashMap<>();
    Map<Double, Double> alone = new HashMap<>();
    study.candidates().forEach(candidate -> {
      double flops = cost.flops(candidate.config());
      Double millis = known.get(candidate);
      if (millis != null) {
        alone.put(flops, millis);
      } else if (sizes.size() < MOST_SIZES && sizes.keySet().stream().noneMatch(size -> alike(size, flops))) {
        sizes.put(flops, candidate.config());
      }
    });
    if (sizes.size() > 1) {
      List<Double> keys = List.copyOf(sizes.keySet());
      double[] millis = StepTimer.medians(keys.stream().map(sizes::get).toList(), threads, stop);
      IntStream.range(0, millis.length).forEach(i -> alone.put(keys.get(i), millis[i]));
    }
    double reference = nearest(alone, first);
    alone.replaceAll((_, millis) -> millis / reference * step);
    return alone;
  }

  private static boolean alike(double flops, double others) {
    return Math.abs(Math.log(flops / others)) < 0.1;
  }

  /// The time of the nearest size, in proportion.
  private static double nearest(Map<Double, Double> times, double flops) {
    return times.entrySet().stream().min(Comparator.comparingDouble(e -> Math.abs(Math.log(e.getKey() / flops))))
        .map(e -> alike(e.getKey(), flops) ? e.getValue() : e.getValue() * flops / e.getKey()).orElse(1.0);
  }

  /// Seconds of a training step.
  double step(double flops) {
    return nearest(stepSeconds, flops);
  }

  /// Seconds of a run from its start to its report, in a process that has trained before.
  double run(RunConfig config, double flops) {
    RunConfig.Train train = config.train();
    double step = step(flops);
    int tried = config.withoutRounds().withSteps(Math.min(train.steps(), steps)).train().evaluations();
    return seconds + Math.max(0, train.steps() - steps) * step
        + Math.max(0, train.evaluations() - tried) * evaluation * step;
  }
}
