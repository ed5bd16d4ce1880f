package norma.train.inspect;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import norma.train.files.Resource;
import norma.train.files.WholeFile;
import norma.train.report.Chart;
import norma.train.report.Decimals;
import norma.train.report.Series;
import norma.train.report.Series.Kind;
import norma.train.report.Svg;
import norma.train.report.Table;
import norma.train.report.Template;

/// The numerical demonstration of the DyISRU paper (arXiv:2503.21708): what LayerNorm and RMSNorm make of one channel that grows to an
/// outlier, and how well DyT and DyISRU with one fitted parameter follow.
///
/// 100 channels; for S = 1..9 the largest is raised by 5 S; its normalized value y is recorded against its raw value x, and the point
/// is mirrored. No eps.
///
/// @param targets LayerNorm (bound sqrt(C - 1)), then RMSNorm (bound sqrt(C))
public record OutlierStudy(List<Target> targets) {
  private static final int LEVELS = 9;
  private static final double RAISE = 5;
  private static final int CURVE = 200;

  public OutlierStudy {
    targets = List.copyOf(targets);
  }

  /// One normalization, its 18 points, and a fit of each function.
  public record Target(String name, double bound, double[] x, double[] y, List<FormulaFit> fits) {
    /// Its points with the curves. The mirrored half is left out.
    private Chart chart() {
      double[] line = IntStream.rangeClosed(0, CURVE).mapToDouble(i -> x[LEVELS - 1] * i / CURVE).toArray();
      List<Series> series = new ArrayList<>();
      for (FormulaFit fit : fits) {
        series.add(new Series(fit.name(), series.size() + 1, Kind.LINE, Series.points(line, fit.at(line))));
      }
      series.add(new Series(name, 0, Kind.POINTS, Series.points(raised(), y)));
      return new Chart("", "value of the outlier channel", "normalized value", Chart.Scale.FROM_ZERO, series);
    }

    /// What the curves miss.
    private Chart residuals() {
      List<Series> series = new ArrayList<>();
      for (FormulaFit fit : fits) {
        double[] fitted = fit.at(raised());
        series.add(new Series(name + " − " + fit.name(), series.size() + 1, Kind.MARKED,
            Series.points(raised(), IntStream.range(0, LEVELS).mapToDouble(i -> y[i] - fitted[i]).toArray())));
      }
      return new Chart("", "value of the outlier channel", "residual", Chart.Scale.FROM_ZERO, series);
    }

    private double[] raised() {
      return Arrays.copyOf(x, LEVELS);
    }
  }

  /// On the numbers that the paper's authors used.
  public static OutlierStudy ofThePaper() {
    return of(fixture());
  }

  /// On other channels; the last one is raised.
  public static OutlierStudy of(double[] channels) {
    int width = channels.length;
    double[] x = new double[2 * LEVELS];
    double[] layerNorm = new double[2 * LEVELS];
    double[] rmsNorm = new double[2 * LEVELS];
    for (int level = 1; level <= LEVELS; level++) {
      double[] raised = channels.clone();
      raised[width - 1] += RAISE * level;
      double outlier = raised[width - 1];
      double mean = Arrays.stream(raised).average().orElseThrow();
      double meanSquare = Arrays.stream(raised).map(v -> v * v).average().orElseThrow();
      set(x, level, outlier);
      set(layerNorm, level, (outlier - mean) / Math.sqrt(meanSquare - mean * mean));
      set(rmsNorm, level, outlier / Math.sqrt(meanSquare));
    }
    return new OutlierStudy(List.of(target("LayerNorm", Math.sqrt(width - 1), x, layerNorm),
        target("RMSNorm", Math.sqrt(width), x, rmsNorm)));
  }

  private static void set(double[] points, int level, double value) {
    points[level - 1] = value;
    points[LEVELS + level - 1] = -value;
  }

  private static Target target(String name, double bound, double[] x, double[] y) {
    return new Target(name, bound, x, y,
        FormulaFit.PUBLISHED.stream().map(spec -> FormulaFit.of(spec, "", x.length, bound, x, y)).toList());
  }

  /// The 100 numbers: twice the first 100 of NumPy's `RandomState(1).randn`, sorted.
  static double[] fixture() {
    return Resource.text(OutlierStudy.class, "outlier-fixture.csv").lines().filter(line -> !line.startsWith("#"))
        .mapToDouble(Double::parseDouble).toArray();
  }

  /// A line for each fit.
  public List<String> lines() {
    record Number(Target target, FormulaFit fit, String name, double value) {}
    List<Number> numbers = new ArrayList<>();
    targets.forEach(target -> target.fits
        .forEach(fit -> fit.numbers().forEach((name, value) -> numbers.add(new Number(target, fit, name, value)))));
    return new Table<Number>().name("target", n -> n.target.name).text("fit", n -> n.fit.name())
        .number("bound", n -> Decimals.format("%.4f", n.target.bound))
        .number("parameter", n -> n.name + Decimals.format(" %.4f", n.value))
        .number("mean residual", n -> Decimals.format("%.3g", n.fit.meanResidual()))
        .number("max residual", n -> Decimals.format("%.3g", n.fit.maxResidual())).lines(numbers);
  }

  /// Writes its page.
  ///
  /// @return the file
  public Path write(Path folder) throws IOException {
    String figures = targets.stream().map(target -> "<section><h2>" + Svg.escape(target.name) + "</h2>"
        + target.chart().figure(Chart.Size.ANY) + target.residuals().figure(Chart.Size.ANY) + "</section>\n")
        .collect(Collectors.joining());
    FormulaFit exact = targets.getLast().fits.getLast();
    Path file = folder.resolve("report.html");
    Files.createDirectories(folder);
    WholeFile.write(file, Template.page("outliers.html", "Outliers")
        .put("table", String.join("\n", lines()))
        .put("beta", Decimals.format("%.4f", exact.numbers().getOrDefault("beta", Double.NaN)))
        .put("figures", figures)
        .fill());
    return file;
  }
}
