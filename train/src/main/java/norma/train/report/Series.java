package norma.train.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/// One curve of a [Chart].
///
/// @param name   its name in the legend
/// @param colour its place in the palette of [Svg]
/// @param kind   how it is drawn
/// @param points its points by growing x; where y is not finite a line is interrupted
public record Series(String name, int colour, Kind kind, List<Point> points) {

  /// A drawing shows at most two points in each of so many stretches: a plot is a few hundred pixels wide.
  static final int BUCKETS = 300;

  /// A 40th on either side: a twentieth of the run removes the noise of the batches and keeps the knee of the curve.
  static final int MEAN_SHARE = 40;

  public Series {
    points = List.copyOf(points);
  }

  /// One value, and the range that is shaded around it.
  ///
  /// @param low  of the shaded range, at most `y`
  /// @param high of the shaded range, at least `y`
  public record Point(double x, double y, double low, double high) {
    /// One value without a range.
    public Point(double x, double y) {
      this(x, y, y, y);
    }
  }

  /// Points without ranges.
  public static List<Point> points(double[] x, double[] y) {
    return IntStream.range(0, x.length).mapToObj(i -> new Point(x[i], y[i])).toList();
  }

  /// How a curve is drawn.
  public enum Kind {
    /// light dots, or a light line where there are more points than dots could show
    RAW,
    /// single values, not joined
    POINTS,
    /// the same as crosses
    CROSSES, LINE, DASHED, MARKED
  }

  /// The measured points, drawn lightly, and a line of their mean; fewer than 40 points are a line alone.
  /// The mean leaves out what [Chart] leaves out.
  static List<Series> withMean(String name, List<Point> measured) {
    List<Point> points = finite(measured);
    int half = points.size() / MEAN_SHARE;
    return half == 0
        ? List.of(new Series(name, 0, Kind.LINE, points))
        : List.of(new Series(name, 0, Kind.RAW, points),
            new Series("mean of " + (2 * half + 1), 0, Kind.LINE, mean(points)));
  }

  /// The mean that [#withMean] draws; of few points these themselves.
  static List<Point> mean(List<Point> measured) {
    List<Point> points = finite(measured);
    int half = points.size() / MEAN_SHARE;
    double top = half == 0 ? Double.POSITIVE_INFINITY : readableTop(points);
    return smooth(points.stream().filter(p -> p.y() <= top).toList(), half);
  }

  /// The points that have a value.
  static List<Point> finite(List<Point> measured) {
    return measured.stream().filter(p -> Double.isFinite(p.y())).toList();
  }

  /// Some point has a range to shade.
  boolean shaded() {
    return points.stream().anyMatch(p -> p.low() < p.high());
  }

  /// Dots would run into each other.
  boolean dense() {
    return points.size() > 2 * BUCKETS;
  }

  /// The mean of each point and its neighbours, `half` on either side. Near an end both sides shrink alike, so that
  /// a straight line stays where it is and a steep beginning is not pulled down. Of more points than a chart shows some are left out.
  static List<Point> smooth(List<Point> points, int half) {
    List<Point> smooth = new ArrayList<>(points.size());
    int last = points.size() - 1;
    int every = Math.max(1, points.size() / (2 * BUCKETS));
    for (int next = 0; next < last + every; next += every) {
      int i = Math.min(next, last);
      int reach = Math.min(half, Math.min(i, last - i));
      double sum = 0; // afresh for each point: in a running sum one huge loss would drown the others
      for (Point neighbour : points.subList(i - reach, i + reach + 1)) {
        sum += neighbour.y();
      }
      smooth.add(new Point(points.get(i).x(), sum / (2 * reach + 1)));
    }
    return smooth;
  }

  /// Keeps at most two points of each of `buckets` equal stretches, the lowest and the highest, and both ends:
  /// the outline stays as it was.
  static List<Point> thin(List<Point> points, int buckets) {
    int n = points.size();
    if (n <= 2 * buckets) {
      return points;
    }
    List<Point> thin = new ArrayList<>(2 * buckets + 2);
    thin.add(points.getFirst());
    for (int b = 0; b < buckets; b++) {
      int from = 1 + (int) ((n - 2L) * b / buckets);
      int to = 1 + (int) ((n - 2L) * (b + 1) / buckets);
      int low = from;
      int high = from;
      for (int i = from; i < to; i++) {
        low = points.get(i).y() < points.get(low).y() ? i : low;
        high = points.get(i).y() > points.get(high).y() ? i : high;
      }
      thin.add(points.get(Math.min(low, high)));
      if (low != high) {
        thin.add(points.get(Math.max(low, high)));
      }
    }
    thin.add(points.getLast());
    return thin;
  }

  /// The top of a readable axis: the greatest value, unless a few of the values (2 %, at least one) stand so high
  /// that the others would get less than half of the height. Then the greatest that leaves them their half.
  static double readableTop(List<Point> points) {
    double[] sorted = points.stream().mapToDouble(Point::y).filter(Double::isFinite).sorted().toArray();
    if (sorted.length == 0) {
      return Double.NEGATIVE_INFINITY;
    }
    double max = sorted[sorted.length - 1];
    if (sorted.length < 5) { // too few to call one of them an outlier
      return max;
    }
    double rest = sorted[sorted.length - 1 - Math.max(1, sorted.length / 50)];
    double span = rest - sorted[0];
    double limit = span > 0 ? sorted[0] + 2 * span : max;
    return Arrays.stream(sorted).filter(y -> y <= limit).max().orElse(max);
  }
}
