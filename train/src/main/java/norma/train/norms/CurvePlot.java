package norma.train.norms;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import norma.formula.Curve;
import norma.train.report.Chart;
import norma.train.report.Series;
import norma.train.report.Series.Kind;

/// The picture of a formula: y of one channel over its x, and the slope.
final class CurvePlot {
  private static final int POINTS = 240;
  private static final double USUAL = 4;
  private static final double FLAT = 0.05;

  private CurvePlot() {}

  /// @param title of the picture
  static String svg(String title, Curve curve) {
    double end = end(curve);
    double[] x = IntStream.rangeClosed(-POINTS, POINTS).mapToDouble(i -> end * i / POINTS).toArray();
    List<Series> series = List.of(new Series("y", 0, Kind.LINE, Series.points(x, curve.at(x))),
        new Series("dy/dx", 1, Kind.DASHED, Series.points(x, curve.slope(x))));
    String axis = curve.formula().pointwise() ? "x" : "x of one channel, the others normally distributed";
    return new Chart(title, axis, "", Chart.Scale.TIGHT, series)
        .svg(Chart.Size.PAGE, "style", "max-width: 100%; height: auto");
  }

  /// Where the curve has become flat; 4 if it does not.
  private static double end(Curve curve) {
    double[] inner = curve.slope(IntStream.rangeClosed(-POINTS, POINTS).mapToDouble(i -> USUAL * i / POINTS).toArray());
    double steepest = Arrays.stream(inner).map(Math::abs).max().orElse(0);
    for (double end = 0.25; end <= 256; end *= 2) {
      double[] slopes = curve.slope(-end, end);
      if (Math.abs(slopes[0]) + Math.abs(slopes[1]) <= FLAT * steepest) {
        return end;
      }
    }
    return USUAL;
  }
}
