package norma.bench;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import norma.bench.Contender.Step;
import norma.train.metrics.Median;

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

  /// Of the table in Markdown.
  static final String TABLE_HEAD = """
      | shape | norm | Norma ms, median (min) | PyTorch ms, median (min) | Norma tokens/s | PyTorch tokens/s | times faster | Norma, share of register peak | PyTorch | Norma MiB | PyTorch MiB | memory | loss differs by |
      |---|---|---|---|---|---|---|---|---|---|---|---|---|
      """;
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

    double minMillis() {
      return Collections.min(stepMillis);
    }

    private String text() {
      return String.format(Locale.ROOT, medianMillis() < 1000 ? "%.1f (%.1f)" : "%.0f (%.0f)", medianMillis(),
          minMillis());
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
  }

  /// Relative difference of two numbers.
  static double difference(double a, double b) {
    return Math.abs(a - b) / Math.abs(b);
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

  /// A side's floating-point operations of the model over its median and over what the registers can do at most. Operations
  /// that a side does besides, as computing something twice, do not count.
  ///
  /// @param peak GFLOP/s
  double share(Sample side, double peak) {
    return flops / side.medianMillis() / 1e6 / peak;
  }

  /// What the table shows.
  ///
  /// @param peak GFLOP/s of multiply-adds in registers on all cores
  Row row(double peak) {
    String line = String.format(Locale.ROOT,
        "| %s | %s | %s | %s | %.0f | %.0f | **%.2f** | %.0f %% | %.0f %% | %d | %d | %.2f | %.1e%s |%n", shape, norm,
        norma.text(), torch.text(), tokensPerSecond(norma), tokensPerSecond(torch), ratio(), 100 * share(norma, peak),
        100 * share(torch, peak), norma.peakBytes() >> 20, torch.peakBytes() >> 20, memoryRatio(), agreement.loss(),
        agreement.holds() ? "" : CompareReport.NOT_THE_SAME);
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("norma_ms_median", norma.medianMillis());
    figures.put("norma_ms_min", norma.minMillis());
    figures.put("torch_ms_median", torch.medianMillis());
    figures.put("torch_ms_min", torch.minMillis());
    figures.put("norma_tokens_per_s", tokensPerSecond(norma));
    figures.put("torch_tokens_per_s", tokensPerSecond(torch));
    figures.put("ratio", ratio());
    figures.put("norma_share_of_register_peak", share(norma, peak));
    figures.put("torch_share_of_register_peak", share(torch, peak));
    figures.put("norma_peak_bytes", norma.peakBytes());
    figures.put("torch_peak_bytes", torch.peakBytes());
    figures.put("memory_ratio", memoryRatio());
    figures.put("loss_difference", agreement.loss());
    figures.put("gradient_norm_difference", agreement.gradientNorm());
    return new Row(shape, norm, agreement.holds(), line, figures,
        Map.of("norma_step_ms", norma.stepMillis(), "torch_step_ms", torch.stepMillis()));
  }
}
