package norma.train.study;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import norma.train.config.RunConfig;
import norma.train.metrics.Median;
import norma.train.run.StepTimer;
import norma.train.study.Study.Candidate;
import norma.train.study.Study.Cell;
import norma.train.study.Study.Variant;

/// The cost of a study, and the differences that so many seeds can show, before anything is trained.
///
/// @param runs        of the whole study
/// @param left        of them without a result
/// @param flops       of all runs' training steps
/// @param stepMillis  a step of the first baseline with as many threads as each run gets, measured here, or known from the calibration
/// @param hours       for the runs left, with `jobs` processes; training alone
/// @param smallestP   that a comparison can have, after Holm's correction
/// @param deviations  the smallest true difference that the study shows with a probability of 0.8, in standard deviations of the
///                    differences of pairs; NaN if no difference can be shown
/// @param nats        the same in nats, by the pairs that have been run; NaN before there are three
public record StudyPlan(int runs, int left, double flops, double stepMillis, double hours, double smallestP,
    double deviations, double nats) {
  /// Plans the rest of a study. This takes some seconds: it trains for a moment.
  ///
  /// @param jobs processes that will work at once
  public static StudyPlan of(StudyFolder folder, int jobs) throws IOException {
    Study study = folder.study();
    Variant first = study.variants().stream().filter(Variant::baseline).findFirst().orElseThrow();
    StepCost cost = new StepCost();
    Candidate measured = first.candidates().getFirst();
    Map<Candidate, Double> known = StepTimes.read(folder.path()).of(study);
    double stepMillis = known.containsKey(measured)
        ? known.get(measured)
        : StepTimer.medians(List.of(measured.config()),
            StudyWorker.threadsOfEach(jobs))[0];
    double millisPerFlop = stepMillis / cost.flops(measured.config());
    ToDoubleFunction<RunConfig> flopsOf = config -> cost.flops(config) * config.train().steps();
    ToDoubleFunction<Candidate> millis = candidate -> candidate.config().train().steps()
        * known.getOrDefault(candidate, millisPerFlop * cost.flops(candidate.config()));
    double flops = 0;
    double millisLeft = 0;
    int left = 0;
    for (Cell cell : folder.cells()) {
      flops += flopsOf.applyAsDouble(cell.config());
      if (folder.left(cell)) {
        millisLeft += millis.applyAsDouble(cell.candidate());
        left++;
      }
    }
    for (Variant variant : study.variants()) { // not chosen yet: every candidate of a variant costs about the same
      if (folder.winner(variant).isEmpty()) {
        flops += study.seeds().size() * flopsOf.applyAsDouble(variant.candidates().getFirst().config());
        millisLeft += study.seeds().size() * millis.applyAsDouble(variant.candidates().getFirst());
        left += study.seeds().size();
      }
    }
    int n = study.seeds().size();
    double deviations = detectable(n, study.comparisons());
    return new StudyPlan(study.runs(), left, flops, stepMillis, millisLeft / 3.6e6 / jobs,
        Math.min(1, PairedDifferences.smallestP(n) * Math.max(1, study.comparisons())), deviations,
        deviations * deviation(folder));
  }

  /// In standard deviations of the pairs' differences, with the level divided among the comparisons. NaN where even the smallest p is
  /// too large.
  static double detectable(int seeds, int comparisons) {
    return new SignFlipPower(Verdict.LEVEL / Math.max(1, comparisons)).detectable(seeds);
  }

  private static double deviation(StudyFolder folder) throws IOException {
    double[] deviations = StudySummary.of(folder).rows().stream().filter(row -> row.best().pairs() >= 3)
        .mapToDouble(row -> PairedDifferences.deviation(row.best().all())).toArray();
    return Median.of(deviations);
  }
}
