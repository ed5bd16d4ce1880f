package norma.bench;

import java.util.Collections;
import java.util.List;
import java.util.Locale;
import norma.bench.Contender.Step;
import norma.train.metrics.Median;
import norma.train.report.Table;

/// The steps of both sides on one model.
///
/// @param shape      S or M
/// @param norm       type in every slot of the GPT-2 arrangement
/// @param tokens     of a step
/// @param flops      of a step, [norma.models.CostModel]
/// @param agreement  of the losses of the first steps
/// @param norma      measured
/// @param torch      measured
record Comparison(Shape shape, String norm, long tokens, double flops, Agreement agreement, Sample norma,
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
      return Median.of(stepMillis);
    }

    private String text() {
      return String.format(Locale.ROOT, medianMillis() < 1000 ? "%.1f (%.1f)" : "%.0f (%.0f)", medianMillis(),
          Collections.min(stepMillis));
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

    private static double difference(double a, double b) {
      return Math.abs(a - b) / Math.abs(b);
    }

    boolean holds() {
      return loss <= LOSS_TOLERANCE; // false for NaN
    }
  }

  /// What is shown of a comparison.
  ///
  /// @param peak GFLOP/s of multiply-adds in registers on all cores
  static Table<Comparison> table(double peak) {
    return new Table<Comparison>().text("shape", c -> c.shape.name()).text("norm", Comparison::norm)
        .text("Norma ms, median (min)", c -> c.norma.text()).text("PyTorch ms, median (min)", c -> c.torch.text())
        .text("Norma tokens/s", c -> number("%.0f", c.tokensPerSecond(c.norma)))
        .text("PyTorch tokens/s", c -> number("%.0f", c.tokensPerSecond(c.torch)))
        .text("times faster", c -> number("**%.2f**", c.torch.medianMillis() / c.norma.medianMillis()))
        .text("Norma, share of register peak", c -> number("%.0f %%", 100 * c.share(c.norma, peak)))
        .text("PyTorch", c -> number("%.0f %%", 100 * c.share(c.torch, peak)))
        .text("Norma MiB", c -> number("%.0f", c.norma.peakBytes / 0x1p20))
        .text("PyTorch MiB", c -> number("%.0f", c.torch.peakBytes / 0x1p20))
        .text("memory", c -> number("%.2f", c.norma.peakBytes / (double) c.torch.peakBytes))
        .text("loss differs by", c -> number("%.1e", c.agreement.loss)
            + (c.agreement.holds() ? "" : " NOT THE SAME COMPUTATION"));
  }

  private static String number(String format, double value) {
    return String.format(Locale.ROOT, format, value);
  }

  /// Tokens that a side works through in a second, by its median.
  private double tokensPerSecond(Sample side) {
    return tokens / side.medianMillis() * 1e3;
  }

  /// A side's floating-point operations of the model over its median and over what the registers can do at most. Operations
  /// that a side does besides, as computing something twice, do not count.
  private double share(Sample side, double peak) {
    return flops / side.medianMillis() / 1e6 / peak;
  }
}
