package norma.train.study;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import norma.train.config.RunConfig;
import norma.train.run.Session;
import norma.train.run.TrainStep;
import norma.train.study.Study.Cell;
import norma.train.study.Study.Variant;

/// What a study costs, and what so many seeds can show, before anything is trained.
///
/// @param runs        of the whole study
/// @param left        of them without a result
/// @param flops       of all runs' training steps
/// @param stepMillis  a step of the first baseline with as many threads as each run gets, measured here
/// @param hours       for the runs left, with `jobs` processes; training alone
/// @param smallestP   that a comparison can have, after Holm's correction
/// @param deviations  the smallest true difference that the study shows with a probability of 0.8, in standard deviations of the
///                    differences of pairs; NaN if no difference can be shown
/// @param nats        the same in nats, by the pairs that have been run; NaN before there are three
public record StudyPlan(int runs, int left, double flops, double stepMillis, double hours, double smallestP,
    double deviations, double nats) {
  private static final double POWER = 0.8;
  private static final int WARM_UP = 100;
  private static final int MEASURED = 20;

  /// Of a study, as far as it is not done yet. Takes some seconds: it trains for a moment.
  ///
  /// @param jobs processes that will work at once
  public static StudyPlan of(StudyFolder folder, int jobs) throws IOException {
    Study study = folder.study();
    Variant first = study.variants().stream().filter(Variant::baseline).findFirst().orElseThrow();
    StepCost cost = new StepCost();
    RunConfig measured = first.candidates().getFirst().config();
    double stepMillis = stepMillis(measured,
        StudyWorker.threadsOfEach(Runtime.getRuntime().availableProcessors(), jobs));
    double millisPerFlop = stepMillis / cost.flops(measured);
    double flops = 0;
    double flopsLeft = 0;
    int left = 0;
    List<Cell> known = folder.cells();
    for (Cell cell : known) {
      double run = cost.ofRun(cell.config());
      flops += run;
      if (folder.result(cell) == null) {
        flopsLeft += run;
        left++;
      }
    }
    for (Variant variant : study.variants()) { // not chosen yet: every candidate of a variant costs about the same
      if (folder.winner(variant).isEmpty()) {
        double runs = study.seeds().size() * cost.ofRun(variant.candidates().getFirst().config());
        flops += runs;
        flopsLeft += runs;
        left += study.seeds().size();
      }
    }
    int n = study.seeds().size();
    double deviations = detectable(n, study.comparisons());
    return new StudyPlan(study.runs(), left, flops, stepMillis, flopsLeft * millisPerFlop / 3.6e6 / jobs,
        Math.min(1, PairedDifferences.smallestP(n) * Math.max(1, study.comparisons())), deviations,
        deviations * deviation(folder));
  }

  /// In standard deviations of the pairs' differences, with the level divided among the comparisons. NaN where even the smallest p is
  /// too large.
  static double detectable(int seeds, int comparisons) {
    return SignFlipPower.detectable(seeds, Verdict.LEVEL / Math.max(1, comparisons), POWER);
  }

  private static double deviation(StudyFolder folder) throws IOException {
    double[] deviations = StudySummary.of(folder).rows().stream().filter(row -> row.best().pairs() >= 3)
        .mapToDouble(row -> PairedDifferences.deviation(row.best().all())).toArray();
    return PairedDifferences.median(deviations);
  }

  private static double stepMillis(RunConfig config, int threads) {
    RunConfig alone = config.placed(config.name(), Path.of(config.output().dir()), OptionalInt.of(threads));
    try (Session session = Session.start(alone, Path.of(""), false)) {
      TrainStep step = new TrainStep(session);
      double[] millis = new double[MEASURED];
      for (int i = 1 - WARM_UP; i <= MEASURED; i++) {
        long start = System.nanoTime();
        step.update(step.gradients(WARM_UP + i, null), 0, WARM_UP + i);
        if (i > 0) {
          millis[i - 1] = (System.nanoTime() - start) / 1e6;
        }
      }
      Arrays.sort(millis);
      return millis[MEASURED / 2];
    }
  }
}
