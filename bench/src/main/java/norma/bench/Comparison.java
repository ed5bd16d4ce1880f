package norma.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import norma.bench.Contender.Step;

/// Both sides on one model.
///
/// @param shape      S or M
/// @param norm       type in every slot of the GPT-2 arrangement
/// @param tokens     of a step
/// @param flops      of a step, [norma.models.CostModel]
/// @param agreement  of the losses of the first steps
/// @param norma      measured
/// @param torch      measured
record Comparison(String shape, String norm, long tokens, double flops, Agreement agreement, Sample norma,
    Sample torch) {

  /// How many first steps must agree.
  static final int FIRST_STEPS = 3;
  /// Largest relative difference of a loss.
  static final double LOSS_TOLERANCE = 1e-4;

  /// Measurements of one side.
  ///
  /// @param stepMillis one for each step, in order
  /// @param peakBytes  peak resident memory of the process
  record Sample(List<Double> stepMillis, long peakBytes) {
    static Sample of(List<Step> steps, long peakBytes) {
      return new Sample(steps.stream().map(step -> step.nanos() / 1e6).toList(), peakBytes);
    }

    double medianMillis() {
      List<Double> sorted = new ArrayList<>(stepMillis);
      Collections.sort(sorted);
      int half = sorted.size() / 2;
      return sorted.size() % 2 == 1 ? sorted.get(half) : (sorted.get(half - 1) + sorted.get(half)) / 2;
    }

    double minMillis() {
      return Collections.min(stepMillis);
    }
  }

  /// Largest relative differences of the first steps' losses and gradient norms. A comparison of two different
  /// computations is worthless.
  record Agreement(double loss, double gradientNorm) {
    static Agreement of(List<Step> norma, List<Step> torch) {
      double loss = 0;
      double gradientNorm = 0;
      for (int i = 0; i < norma.size(); i++) {
        loss = Math.max(loss, difference(norma.get(i).loss(), torch.get(i).loss()));
        gradientNorm = Math.max(gradientNorm, difference(norma.get(i).gradientNorm(), torch.get(i).gradientNorm()));
      }
      return new Agreement(loss, gradientNorm);
    }

    boolean holds() {
      return loss <= LOSS_TOLERANCE; // false for NaN
    }

    private static double difference(double a, double b) {
      return Math.abs(a - b) / Math.abs(b);
    }
  }

  /// Times that Norma is faster, by medians.
  double ratio() {
    return torch.medianMillis() / norma.medianMillis();
  }

  /// Norma's memory as a share of PyTorch's.
  double memoryRatio() {
    return norma.peakBytes / (double) torch.peakBytes;
  }

  /// Tokens that a side works through in a second, by its median.
  double tokensPerSecond(Sample side) {
    return tokens / side.medianMillis() * 1e3;
  }

  /// Norma's rate in floating-point operations of the model.
  double gigaflops() {
    return flops / norma.medianMillis() / 1e6;
  }
}
