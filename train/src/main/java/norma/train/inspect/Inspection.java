package norma.train.inspect;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.DoublePredicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import norma.formula.Curve;
import norma.formula.Curve.Squash;
import norma.nn.NormSpec;
import norma.train.files.WholeFile;
import norma.train.report.Chart;
import norma.train.report.Decimals;
import norma.train.report.Series;
import norma.train.report.Series.Kind;
import norma.train.report.Series.Point;
import norma.train.report.Svg;
import norma.train.report.Table;
import norma.train.report.Template;
import norma.train.run.SlotRecording;
import org.apache.commons.math3.stat.correlation.PearsonsCorrelation;
import org.apache.commons.math3.util.ArithmeticUtils;
import org.jspecify.annotations.Nullable;

/// The behaviour of a trained model's normalization slots: is LayerNorm's map S-shaped, and which element-wise function is it near
/// (arXiv:2503.10622, section 3; arXiv:2503.21708)?
///
/// @param fitted      what was fitted to each slot
/// @param slots       in the order of the model
/// @param correlation over the slots, of 1/std of the input and the slope of a squashing function's argument: DyT's alpha, the learned one, or
///     else that of the first function that fits; NaN below three slots
public record Inspection(List<NormSpec> fitted, List<Slot> slots, double correlation) {
  /// Inputs beyond this share of all magnitudes are outliers.
  private static final double OUTLIERS = 0.99;
  /// Points that a fit sees: its parameter is stable to three digits.
  private static final int FITTED = 6000;
  private static final int SHOWN = 400;
  /// Up to |u| = 1 a squashing function of u is nearly a line: tanh 1 = 0.76.
  private static final double LINEAR = 1;

  public Inspection {
    fitted = List.copyOf(fitted);
    slots = List.copyOf(slots);
  }

  /// One function beside what a slot does.
  ///
  /// @param rest     mean magnitude of the residual of inputs that are no outliers
  /// @param outliers the same of the largest 1 % of the inputs
  public record Fit(FormulaFit fit, double rest, double outliers) {
    private String shown() {
      return fit.found() ? numbers(fit.numbers()) : "no fit";
    }
  }

  /// One slot.
  ///
  /// @param curve      its formula, see [SlotRecording#curve]
  /// @param std        standard deviation of the input
  /// @param learned    its numbers, by their names in the formula
  /// @param slope      of the argument of its squashing function; NaN without one
  /// @param saturation share of inputs in the flat part of the squashing function; of the first fit's for slots without one
  /// @param linear     share of inputs with |u| < 1
  public record Slot(String name, String type, @Nullable Curve curve, double std, Map<String, Double> learned,
      double slope, double saturation, double linear, List<Fit> fits, double[] x, double[] y) {
    double anySlope() {
      Squash fitted = fits.getFirst().fit.curve().squash();
      return Double.isNaN(slope) && fitted != null ? fitted.slope() : slope;
    }
  }

  /// Inspects recorded slots.
  ///
  /// @param fitted what is fitted to each, see [FormulaFit#target]
  public static Inspection of(List<SlotRecording> recordings, List<NormSpec> fitted) {
    List<Slot> slots = recordings.stream().map(recording -> slot(recording, fitted)).toList();
    double[] inverse = slots.stream().mapToDouble(slot -> 1 / slot.std).toArray();
    double[] slopes = slots.stream().mapToDouble(Slot::anySlope).toArray();
    return new Inspection(fitted, slots,
        slots.size() < 3 ? Double.NaN : new PearsonsCorrelation().correlation(slopes, inverse));
  }

  private static Slot slot(SlotRecording recording, List<NormSpec> fitted) {
    int stride = Math.max(1, recording.x().length / FITTED);
    while (ArithmeticUtils.gcd(stride, recording.width()) > 1) { // or the points would be of a few channels
      stride++;
    }
    int step = stride;
    int[] chosen = IntStream.iterate(0, i -> i < recording.x().length, i -> i + step).toArray();
    double[] x = Arrays.stream(chosen).mapToDouble(i -> recording.x()[i]).toArray();
    double[] y = Arrays.stream(chosen).mapToDouble(i -> recording.preAffine()[i]).toArray();
    double mean = Arrays.stream(x).average().orElseThrow();
    double std = Math.sqrt(Arrays.stream(x).map(v -> (v - mean) * (v - mean)).average().orElseThrow());
    double[] sorted = Arrays.stream(x).map(Math::abs).sorted().toArray();
    double threshold = sorted[(int) (OUTLIERS * (sorted.length - 1))];
    double bound = bound(recording);
    List<Fit> fits = fitted.stream().map(spec -> fit(
        FormulaFit.of(spec, recording.slot(), recording.width(), bound, x, y), x, y, threshold)).toList();
    Squash own = recording.state().squash();
    Squash squash = own == null ? fits.getFirst().fit.curve().squash() : own;
    double flat = squash == null ? Double.NaN : squash.flat();
    return new Slot(recording.slot(), recording.type(), recording.curve(), std, recording.state().scalars(),
        own == null ? Double.NaN : own.slope(), share(squash, x, u -> u > flat), share(squash, x, u -> u < LINEAR),
        fits,
        x, y);
  }

  private static double share(@Nullable Squash squash, double[] x, DoublePredicate magnitude) {
    return squash == null
        ? Double.NaN
        : Arrays.stream(x).filter(v -> magnitude.test(Math.abs(squash.slope() * v + squash.shift()))).count()
            / (double) x.length;
  }

  /// The largest value that the slot's function can give, for example sqrt(C - 1) for LayerNorm and sqrt(C) for RMSNorm; the largest that it
  /// gave where that has no bound, or is not known.
  private static double bound(SlotRecording recording) {
    double bound = recording.curve() == null ? Double.NaN : recording.curve().bound();
    return Double.isFinite(bound) ? bound : Arrays.stream(recording.preAffine()).map(Math::abs).max().orElseThrow();
  }

  private static Fit fit(FormulaFit fit, double[] x, double[] y, double threshold) {
    double[] sums = new double[2];
    int[] counts = new int[2];
    double[] fitted = fit.at(x);
    for (int i = 0; i < x.length; i++) {
      int part = Math.abs(x[i]) > threshold ? 1 : 0;
      sums[part] += Math.abs(y[i] - fitted[i]);
      counts[part]++;
    }
    return new Fit(fit, sums[0] / counts[0], counts[1] == 0 ? Double.NaN : sums[1] / counts[1]);
  }

  /// A line for each slot, below a heading.
  public List<String> lines() {
    return table().lines(slots);
  }

  private Table<Slot> table() {
    Table<Slot> table = new Table<Slot>().name("slot", Slot::name).text("type", Slot::type)
        .number("1/std", slot -> Decimals.formatOr("", "%.4f", 1 / slot.std))
        .text("learned", slot -> numbers(slot.learned))
        .number("slope", slot -> Decimals.formatOr("", "%.4f", slot.slope))
        .number("flat", slot -> Decimals.formatOr("", "%.2f%%", 100 * slot.saturation))
        .number("linear", slot -> Decimals.formatOr("", "%.2f%%", 100 * slot.linear));
    for (int i = 0; i < fitted.size(); i++) {
      int fit = i;
      table = table.number(fitted.get(i).type(), slot -> slot.fits.get(fit).shown())
          .number("rest", slot -> Decimals.formatOr("", "%.4f", slot.fits.get(fit).rest))
          .number("outliers", slot -> Decimals.formatOr("", "%.4f", slot.fits.get(fit).outliers));
    }
    return table;
  }

  private static String numbers(Map<String, Double> numbers) {
    return numbers.entrySet().stream().map(n -> n.getKey() + String.format(Locale.ROOT, " %.4g", n.getValue()))
        .collect(Collectors.joining(", "));
  }

  /// Input against pre-affine output of a slot, with the fits.
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
    double[] x = points.stream().mapToDouble(Point::x).toArray();
    for (Fit fit : slot.fits) {
      series.add(new Series("fit of " + fit.fit.name(), series.size() % Svg.COLOURS, Kind.LINE,
          Series.points(x, fit.fit.at(x))));
    }
    return new Chart(slot.name, "input", "pre-affine output", Chart.Scale.TIGHT, series);
  }

  /// Writes its page.
  ///
  /// @param run whose it is
  public void write(Path run, Path file) throws IOException {
    String name = String.valueOf(run.toAbsolutePath().normalize().getFileName());
    WholeFile.write(file, Template.page("inspect.html", name + ": normalization slots").put("name", name)
        .put("table", table().html("", slots))
        .put("correlation", Double.isNaN(correlation) ? "" : String.format(Locale.ROOT, "%.3f", correlation))
        .put("figures", slots.stream().map(slot -> chart(slot).figure(List.of(Chart.Size.SLOT)))
            .collect(Collectors.joining()))
        .fill());
  }
}
