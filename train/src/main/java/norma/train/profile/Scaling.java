package norma.train.profile;

import java.util.Locale;
import java.util.function.ToDoubleFunction;
import norma.train.report.Chart;
import norma.train.report.Chart.Scale;
import norma.train.report.Series;
import norma.train.report.Series.Kind;
import norma.train.report.Svg;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import norma.train.config.RunConfig;
import norma.train.config.RunConfigWriter;
import org.apache.commons.math3.stat.regression.SimpleRegression;

/// How the cost of a step grows with one setting, beside what the FLOP model says.
///
/// @param setting  that was swept
/// @param points   in the order of the file
/// @param time     exponent a of the least-squares line `log time = a log setting + b`
/// @param rounds   the same of each round's times alone
/// @param flops    the same of the floating-point operations
/// @param perFlop  exponent of the time over the operations: 1 where a step costs what the model says; NaN where they are all the
///     same
public record Scaling(String setting, List<Point> points, double time, Quartiles rounds, double flops, double perFlop) {

  /// A case.
  ///
  /// @param value  of the setting
  /// @param millis of a step, median
  /// @param flops  of a step
  /// @param tokens of a step
  public record Point(double value, double millis, double flops, long tokens) {
    double tokensPerSecond() {
      return tokens / millis * 1e3;
    }
  }

  public Scaling {
    points = List.copyOf(points);
  }

  /// The setting is the number of threads.
  boolean overThreads() {
    return setting.equals("runtime.threads");
  }

  /// The smallest value.
  Point first() {
    return points.stream().min(Comparator.comparingDouble(Point::value)).orElseThrow();
  }

  /// Fits every sweep of a plan.
  static List<Scaling> of(ProfilePlan plan, List<Profile> profiles) {
    List<Scaling> fits = new ArrayList<>();
    plan.sweeps().forEach((setting, indices) -> {
      List<Point> points = new ArrayList<>();
      for (int index : indices) {
        Profile.Steps steps = profiles.get(index).steps();
        points
            .add(new Point(value(profiles.get(index).config(), setting), steps.plain().median(), steps.flops(),
                steps.tokens()));
      }
      fits.add(of(setting, points, indices.stream().map(index -> profiles.get(index).steps().rounds()).toList()));
    });
    return fits;
  }

  /// @param rounds milliseconds of each point in each round
  static Scaling of(String setting, List<Point> points, List<List<Double>> rounds) {
    double[] values = points.stream().mapToDouble(Point::value).toArray();
    double[] millis = points.stream().mapToDouble(Point::millis).toArray();
    double[] flops = points.stream().mapToDouble(Point::flops).toArray();
    List<Double> exponents = new ArrayList<>();
    for (int round = 0; round < rounds.getFirst().size(); round++) {
      int r = round;
      exponents.add(exponent(values, rounds.stream().mapToDouble(point -> point.get(r)).toArray()));
    }
    return new Scaling(setting, points, exponent(values, millis), Quartiles.of(exponents), exponent(values, flops),
        exponent(flops, millis));
  }

  /// Slope of the least-squares line through the logarithms; NaN if all x are the same.
  private static double exponent(double[] x, double[] y) {
    SimpleRegression line = new SimpleRegression();
    for (int i = 0; i < x.length; i++) {
      line.addData(Math.log(x[i]), Math.log(y[i]));
    }
    return line.getXSumSquares() < 1e-12 ? Double.NaN : line.getSlope();
  }

  /// A configuration's number; NaN where it is none.
  static double value(RunConfig config, String setting) {
    try {
      return Double.parseDouble(String.valueOf(RunConfigWriter.flatten(config).get(setting)));
    } catch (NumberFormatException e) {
      return Double.NaN;
    }
  }

  /// Chart and table below a heading, for a page.
  String html() {
    Chart chart = overThreads() ? speedUp() : growth();
    return "<div><h3>" + Svg.escape(setting) + "</h3>\n" + chart.figure(List.of(Chart.Size.SLOT))
        + ProfileTables.scaling(this).html(ProfileTables.NUMBERS, points) + "</div>\n";
  }

  /// Measured, the fitted line, and the operations scaled to the same geometric mean. Values that have no logarithm have linear
  /// axes and no fitted line.
  Chart growth() {
    double meanMillis = meanLog(Point::millis);
    double meanFlops = meanLog(Point::flops);
    List<Series.Point> measured = points(Point::millis);
    List<Series.Point> counted = points(p -> p.flops() * Math.exp(meanMillis - meanFlops));
    if (points.stream().anyMatch(p -> p.value() <= 0)) {
      return new Chart("", setting, "ms a step", Scale.FROM_ZERO, List.of(
          new Series("measured", 0, Kind.MARKED, measured),
          new Series("counted FLOP, scaled", 1, Kind.DASHED, counted)));
    }
    double meanValue = meanLog(Point::value);
    return new Chart("", setting, "ms a step", Scale.LOG, Scale.LOG, List.of(
        new Series("measured", 0, Kind.POINTS, measured),
        new Series("fitted: " + power("ms", time), 0, Kind.LINE,
            points(p -> Math.exp(meanMillis + time * (Math.log(p.value()) - meanValue)))),
        new Series("counted, scaled: " + power("FLOP", flops), 1, Kind.DASHED, counted)));
  }

  private String power(String what, double exponent) {
    String name = setting.substring(setting.lastIndexOf('.') + 1);
    return what + " ~ " + name + String.format(Locale.ROOT, "^%.2f", exponent);
  }

  private double meanLog(ToDoubleFunction<Point> number) {
    return points.stream().mapToDouble(p -> Math.log(number.applyAsDouble(p))).average().orElseThrow();
  }

  private List<Series.Point> points(ToDoubleFunction<Point> y) {
    return points.stream().sorted(Comparator.comparingDouble(Point::value))
        .map(p -> new Series.Point(p.value(), y.applyAsDouble(p))).toList();
  }

  /// Against the smallest number of threads.
  Chart speedUp() {
    Point first = first();
    return new Chart("", "threads", "speed-up", Scale.FROM_ZERO, List.of(
        new Series("measured", 0, Kind.MARKED, points(p -> first.millis() / p.millis())),
        new Series("every thread counts fully", 7, Kind.DASHED, points(p -> p.value() / first.value()))));
  }
}
