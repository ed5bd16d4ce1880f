package norma.train.study;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import norma.nn.Norm;
import norma.train.report.Chart;
import norma.train.report.Series;
import norma.train.report.Series.Kind;
import norma.train.report.Series.Point;
import norma.train.run.SlotRecording;
import norma.train.study.OneParameterFit.Function;

/// What the normalization slots of a trained model do: is LayerNorm's map S-shaped, and which element-wise function is it near
/// (arXiv:2503.10622, section 3; arXiv:2503.21708)?
///
/// @param slots       in the order of the model
/// @param correlation over the slots, of 1/std of the input and alpha: the learned one of DyT, else the one that fits; NaN below three slots
public record Inspection(List<Slot> slots, double correlation) {
  /// Inputs beyond this share of all magnitudes are outliers.
  private static final double OUTLIERS = 0.99;
  /// Points that a fit sees: its parameter is stable to three digits.
  private static final int FITTED = 6000;
  private static final int SHOWN = 400;
  /// Of an output divided by its weight again.
  private static final double ROUNDING = 1e-3;
  /// Up to |u| = 1 a squashing function of u is nearly a line: tanh 1 = 0.76.
  private static final double LINEAR = 1;

  public Inspection {
    slots = List.copyOf(slots);
  }

  /// One function beside what a slot does.
  ///
  /// @param rest     mean magnitude of the residual of inputs that are no outliers
  /// @param outliers the same of the largest 1 % of the inputs
  public record Fit(OneParameterFit fit, double rest, double outliers) {}

  /// One slot.
  ///
  /// @param std        standard deviation of the input
  /// @param alpha      learned slope of a squashing function's argument; NaN for other types
  /// @param saturation share of inputs with |u| > 2 of the squashing function's argument; of the fitted DyT for other types
  /// @param linear     share of inputs with |u| < 1
  @SuppressWarnings("ArrayRecordComponent")
  public record Slot(String name, String type, double std, double alpha, double saturation, double linear, Fit dyt,
      Fit dyisru, double[] x, double[] y) {
    double slope() {
      return Double.isNaN(alpha) ? dyt.fit.parameter() : alpha;
    }
  }

  /// Of recorded slots.
  public static Inspection of(List<SlotRecording> recordings) {
    List<Slot> slots = recordings.stream().map(Inspection::slot).toList();
    double[] inverse = slots.stream().mapToDouble(slot -> 1 / slot.std).toArray();
    double[] slopes = slots.stream().mapToDouble(Slot::slope).toArray();
    return new Inspection(slots, PairedDifferences.correlation(slopes, inverse));
  }

  private static Slot slot(SlotRecording recording) {
    int stride = Math.max(1, recording.x().length / FITTED);
    // Not a multiple of the width, or the points would be of a few channels.
    int step = stride % 2 == 0 ? stride + 1 : stride;
    int[] chosen = IntStream.iterate(0, i -> i < recording.x().length, i -> i + step).toArray();
    double[] x = Arrays.stream(chosen).mapToDouble(i -> recording.x()[i]).toArray();
    double[] y = Arrays.stream(chosen).mapToDouble(i -> recording.preAffine()[i]).toArray();
    double mean = Arrays.stream(x).average().orElseThrow();
    double std = Math.sqrt(Arrays.stream(x).map(v -> (v - mean) * (v - mean)).average().orElseThrow());
    double[] sorted = Arrays.stream(x).map(Math::abs).sorted().toArray();
    double threshold = sorted[(int) (OUTLIERS * (sorted.length - 1))];
    double bound = bound(recording);
    Fit dyt = fit(Function.DYT, bound, x, y, threshold);
    Fit dyisru = fit(Function.DYISRU, bound, x, y, threshold);
    Norm.Squash squash = recording.state().squash();
    double slope = squash == null ? dyt.fit.parameter() : squash.slope();
    double shift = squash == null ? 0 : squash.shift();
    double saturated = Arrays.stream(x).filter(v -> Math.abs(slope * v + shift) > 2).count() / (double) x.length;
    double linear = Arrays.stream(x).filter(v -> Math.abs(slope * v + shift) < LINEAR).count() / (double) x.length;
    return new Slot(recording.slot(), recording.type(), std, squash == null ? Double.NaN : squash.slope(), saturated,
        linear, dyt, dyisru, x, y);
  }

  /// The largest value that the norm can give: sqrt(C - 1) for LayerNorm, sqrt(C) for RMSNorm and for DyISRU with
  /// `scale_sqrt_width`, which its output betrays, else 1.
  private static double bound(SlotRecording recording) {
    return switch (recording.type()) {
      case "layernorm" -> Math.sqrt(recording.width() - 1);
      case "rmsnorm" -> Math.sqrt(recording.width());
      case "dyisru" -> Arrays.stream(recording.preAffine()).anyMatch(v -> Math.abs(v) > 1 + ROUNDING)
          ? Math.sqrt(recording.width())
          : 1;
      default -> 1;
    };
  }

  private static Fit fit(Function function, double bound, double[] x, double[] y, double threshold) {
    OneParameterFit fit = OneParameterFit.of(function, bound, x, y);
    double[] sums = new double[2];
    int[] counts = new int[2];
    for (int i = 0; i < x.length; i++) {
      int part = Math.abs(x[i]) > threshold ? 1 : 0;
      sums[part] += Math.abs(y[i] - fit.at(x[i]));
      counts[part]++;
    }
    return new Fit(fit, sums[0] / counts[0], counts[1] == 0 ? Double.NaN : sums[1] / counts[1]);
  }

  /// A line for each slot.
  public List<String> lines() {
    List<String> lines = new ArrayList<>(
        List.of(String.format(Locale.ROOT, "%-22s %-10s %8s %8s %7s %7s  %9s %8s %8s  %9s %8s %8s",
            "slot", "type", "1/std", "alpha", "flat", "linear", "DyT alpha", "rest", "outliers", "DyISRU b", "rest",
            "outliers")));
    for (Slot slot : slots) {
      lines.add(String.format(Locale.ROOT,
          "%-22s %-10s %8.4f %8s %6.2f%% %6.2f%%  %9.4g %8.4f %8.4f  %9.4g %8.4f %8.4f",
          slot.name, slot.type, 1 / slot.std,
          Double.isNaN(slot.alpha) ? "" : String.format(Locale.ROOT, "%.4f", slot.alpha), 100 * slot.saturation,
          100 * slot.linear, slot.dyt.fit.parameter(), slot.dyt.rest, slot.dyt.outliers, slot.dyisru.fit.parameter(),
          slot.dyisru.rest, slot.dyisru.outliers));
    }
    return lines;
  }

  /// Input against pre-affine output of a slot, with the two fits.
  static Chart chart(Slot slot) {
    int every = Math.max(1, slot.x.length / SHOWN);
    int[] order = IntStream.range(0, slot.x.length).boxed().sorted((a, b) -> Double.compare(slot.x[a], slot.x[b]))
        .mapToInt(Integer::intValue).toArray();
    List<Point> points = new ArrayList<>();
    for (int i = 0; i < order.length; i++) {
      boolean end = i < 20 || i >= order.length - 20; // the outliers are what the eye looks for
      if (end || i % every == 0) {
        points.add(new Point(slot.x[order[i]], slot.y[order[i]]));
      }
    }
    List<Series> series = new ArrayList<>();
    series.add(new Series(slot.type, 0, Kind.POINTS, points));
    for (Fit fit : List.of(slot.dyt, slot.dyisru)) {
      List<Point> curve = points.stream().map(p -> new Point(p.x(), fit.fit.at(p.x()))).toList();
      series.add(new Series(fit.fit.function().title(), series.size(), Kind.LINE, curve));
    }
    return new Chart(slot.name, "input", "pre-affine output", false, series);
  }
}
