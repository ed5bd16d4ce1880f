package norma.train.run;

import java.util.Map;
import norma.train.metrics.LineFormat;

/// How far a run has come. With the weights and the optimizer's moments it is all that the rest of the run depends on, since every
/// random stream is a function of the seed and the step.
///
/// @param step           updates taken
/// @param bestLoss       lowest validation loss so far; infinite before the first evaluation
/// @param bestStep       when it was
/// @param lastLoss       of the last evaluation; NaN before the first
/// @param lastEvaluated  its step, or -1
/// @param elapsedSeconds of training, over all starts
/// @param metricsBytes   length of `metrics.jsonl` at this point
/// @param rollbacks      times that the run went back because a number was not finite
/// @param lrFactor       of the schedule's learning rate, lowered by every rollback
/// @param anchor         step of the last checkpoint that was due; a rollback goes there, so that it does not matter where a run was
///                       interrupted
/// @param anchorBytes    length of `metrics.jsonl` after a return there
record Progress(int step, double bestLoss, int bestStep, double lastLoss, int lastEvaluated, double elapsedSeconds,
    long metricsBytes, int rollbacks, double lrFactor, int anchor, long anchorBytes) {
  private static final LineFormat<Progress> FORMAT = new LineFormat<>(Progress.class);
  /// An eighth of the rate: where that does not help, the rate is not the cause.
  static final int MAX_ROLLBACKS = 3;
  static final Progress START = new Progress(0, Double.POSITIVE_INFINITY, 0, Double.NaN, -1, 0, 0, 0, 1, 0, 0);

  /// The same after some more steps.
  Progress at(int newStep, double seconds, long bytes) {
    return new Progress(newStep, bestLoss, bestStep, lastLoss, lastEvaluated, seconds, bytes, rollbacks, lrFactor,
        anchor, anchorBytes);
  }

  /// After an evaluation.
  Progress evaluated(int atStep, double loss) {
    boolean best = loss < bestLoss;
    return new Progress(step, best ? loss : bestLoss, best ? atStep : bestStep, loss, atStep, elapsedSeconds,
        metricsBytes, rollbacks, lrFactor, anchor, anchorBytes);
  }

  /// The same as a place to return to, after so many rollbacks.
  Progress anchored(int newRollbacks, double newLrFactor, long bytes) {
    return new Progress(step, bestLoss, bestStep, lastLoss, lastEvaluated, elapsedSeconds, bytes, newRollbacks,
        newLrFactor, step, bytes);
  }

  /// Whether the last evaluation was here, and none before was better.
  boolean isBest() {
    return bestStep == step && lastEvaluated == step;
  }

  /// Its fields in a checkpoint.
  Map<String, String> fields() {
    return FORMAT.texts(this);
  }

  /// The progress that [#fields] told.
  ///
  /// @throws IllegalArgumentException if a number is none, or none that a run can have
  static Progress of(Map<String, String> fields) {
    Progress progress = FORMAT.parsed(fields);
    progress.requirePossible();
    return progress;
  }

  private void requirePossible() {
    require("step", step, 0, Integer.MAX_VALUE);
    require("best_step", bestStep, 0, step);
    require("last_evaluated", lastEvaluated, -1, step);
    require("elapsed_s", elapsedSeconds, 0, Double.MAX_VALUE);
    require("metrics_bytes", metricsBytes, 0, Long.MAX_VALUE);
    require("rollbacks", rollbacks, 0, MAX_ROLLBACKS);
    require("lr_factor", lrFactor, Double.MIN_VALUE, 1);
    require("anchor", anchor, 0, step);
    require("anchor_bytes", anchorBytes, 0, Long.MAX_VALUE);
  }

  private static void require(String name, double value, double least, double most) {
    if (!(value >= least && value <= most)) {
      throw new IllegalArgumentException(name + " is " + value + "; expected " + least + " to " + most);
    }
  }
}
