package norma.train.profile;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import norma.train.profile.Scaling.Point;
import norma.train.report.Chart;
import norma.train.report.Chart.Scale;
import norma.train.report.Series;
import norma.train.report.Series.Kind;
import norma.train.report.Svg;

/// How the cost of a step grows with one setting, as chart and table.
record ScalingCharts(Scaling scaling) {
  /// Chart and table below a heading.
  String html() {
    Chart chart = scaling.overThreads() ? speedUp() : growth();
    return "<div><h3>" + Svg.escape(scaling.setting()) + "</h3>\n" + chart.figure(List.of(Chart.Size.SLOT))
        + ProfileTables.values(scaling) + "</div>\n";
  }

  /// Measured, the fitted line, and the operations scaled to the same geometric mean. Values that have no logarithm have linear
  /// axes and no fitted line.
  Chart growth() {
    double millis = meanLog(Point::millis);
    double flops = meanLog(Point::flops);
    List<Series.Point> measured = points(Point::millis);
    List<Series.Point> counted = points(p -> p.flops() * Math.exp(millis - flops));
    if (scaling.points().stream().anyMatch(p -> p.value() <= 0)) {
      return new Chart("", scaling.setting(), "ms a step", Scale.FROM_ZERO, List.of(
          new Series("measured", 0, Kind.MARKED, measured),
          new Series("counted FLOP, scaled", 1, Kind.DASHED, counted)));
    }
    double value = meanLog(Point::value);
    return new Chart("", scaling.setting(), "ms a step", Scale.LOG_TIGHT, Scale.LOG_TIGHT, List.of(
        new Series("measured", 0, Kind.POINTS, measured),
        new Series("fitted: " + power("ms", scaling.time()), 0, Kind.LINE,
            points(p -> Math.exp(millis + scaling.time() * (Math.log(p.value()) - value)))),
        new Series("counted, scaled: " + power("FLOP", scaling.flops()), 1, Kind.DASHED, counted)));
  }

  private String power(String what, double exponent) {
    String name = scaling.setting().substring(scaling.setting().lastIndexOf('.') + 1);
    return what + " ~ " + name + String.format(Locale.ROOT, "^%.2f", exponent);
  }

  private double meanLog(ToDoubleFunction<Point> number) {
    return scaling.points().stream().mapToDouble(p -> Math.log(number.applyAsDouble(p))).average().orElseThrow();
  }

  private List<Series.Point> points(ToDoubleFunction<Point> y) {
    return scaling.points().stream().sorted(Comparator.comparingDouble(Point::value))
        .map(p -> new Series.Point(p.value(), y.applyAsDouble(p))).toList();
  }

  /// Against the smallest number of threads.
  Chart speedUp() {
    Point first = scaling.first();
    return new Chart("", "threads", "speed-up", Scale.FROM_ZERO, List.of(
        new Series("measured", 0, Kind.MARKED, points(p -> first.millis() / p.millis())),
        new Series("every thread counts fully", 7, Kind.DASHED, points(p -> p.value() / first.value()))));
  }
}
