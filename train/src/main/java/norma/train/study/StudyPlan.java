package norma.train.study;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import norma.train.config.RunConfig;
import norma.train.metrics.Median;
import norma.train.study.Study.Cell;
import norma.train.study.Study.Variant;

/// The cost of a study, and the differences that so many seeds can show, before anything is trained.
///
/// @param runs        of the whole study
/// @param left        of them without a result, here or in a study beside
/// @param found       of them that another variant or study has trained: the start takes their results
/// @param flops       of all runs' training steps
/// @param stepMillis  a step of the first baseline, if a run is left beside as many others as there will be
/// @param seconds     for the runs left, with `jobs` processes, from their start to the last report
/// @param smallestP   that a comparison can have, after Holm's correction
/// @param deviations  the smallest true difference that the study shows with a probability of 0.8, in standard deviations of the
///                    differences of pairs; NaN if no difference can be shown
/// @param nats        the same in nats, by the pairs that have been run; NaN before there are three
public record StudyPlan(int runs, int left, int found, double flops, double stepMillis, double seconds,
    double smallestP,
    double deviations, double nats) {
  /// Plans the rest of a study. This takes some seconds: it trains for a moment.
  ///
  /// @param jobs processes that will work at once
  /// @param stop set from outside to end early
  /// @return nothing if it was told to stop
  /// @throws norma.train.run.RunException if no run can be tried here
  public static Optional<StudyPlan> of(StudyFolder folder, int jobs, AtomicBoolean stop) throws IOException {
    Study study = folder.study();
    StepCost cost = new StepCost();
    List<RunConfig> all = new ArrayList<>();
    List<RunConfig> open = new ArrayList<>();
    int found = 0;
    for (Cell cell : folder.cells()) {
      all.add(cell.config());
      if (folder.left(cell)) {
        if (folder.twin(cell).isPresent()) {
          found++;
        } else {
          open.add(cell.config());
        }
      }
    }
    for (Variant variant : study.variants()) { // not chosen yet: every candidate of a variant costs about the same
      if (folder.winner(variant).isEmpty()) {
        List<RunConfig> chosen = Collections.nCopies(study.seeds().size(), variant.candidates().getFirst().config());
        all.addAll(chosen);
        open.addAll(chosen);
      }
    }
    double flops = all.stream().mapToDouble(config -> cost.flops(config) * config.train().steps()).sum();
    double seconds = 0;
    double stepMillis = Double.NaN;
    if (!open.isEmpty()) {
      int processes = Math.min(jobs, open.size());
      Optional<RunTimes> measured = RunTimes.measure(folder, processes, StudyWorker.threadsOfEach(jobs, study), cost,
          stop);
      if (measured.isEmpty()) {
        return Optional.empty();
      }
      RunTimes times = measured.get();
      double work = open.stream().mapToDouble(config -> times.run(config, cost.flops(config))).sum();
      seconds = times.startUp() + work / open.size() * Math.ceilDiv(open.size(), processes);
      stepMillis = 1e3 * times.step(cost.flops(study.firstBaseline().candidates().getFirst().config()));
    }
    int n = study.seeds().size();
    double deviations = new SignFlipPower(study.comparisons()).detectable(n);
    return Optional.of(new StudyPlan(study.runs(), open.size(), found, flops, stepMillis, seconds,
        Math.min(1, PairedDifferences.smallestP(n) * Math.max(1, study.comparisons())), deviations,
        deviations * deviation(folder)));
  }

  private static double deviation(StudyFolder folder) {
    double[] deviations = StudySummary.of(folder).rows().stream().filter(row -> row.best().pairs() >= 3)
        .mapToDouble(row -> PairedDifferences.deviation(row.best().all())).toArray();
    return Median.of(deviations);
  }
}
