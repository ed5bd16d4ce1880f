package norma.train.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import norma.train.report.Series.Kind;
import norma.train.report.Series.Point;

/// A line chart. The y axis is made for reading: values far above all others are left out, and the legend says so.
///
/// @param title    heading, may be empty
/// @param xTitle   title of the x axis, may be empty; whole numbers count steps
/// @param yTitle   title of the y axis with its unit, may be empty
/// @param xScale   of the x axis: TIGHT, or LOG with its ticks at the values; of those, only TIGHT in [Figures]
/// @param scale    of the y axis
/// @param series   the curves, drawn in this order; one without a name stands in no legend
public record Chart(String title, String xTitle, String yTitle, Scale xScale, Scale scale, List<Series> series) {

  /// The range that an axis spans.
  public enum Scale {
    /// the values, without a few that stand far above all others
    TIGHT,
    /// all values
    WHOLE,
    /// the values and 0
    FROM_ZERO,
    /// 0 to 100, for percent
    PERCENT,
    /// logarithmic; what is not above 0 is left out
    LOG
  }

  private static final double BOLD = 0.68; // mean width of a character in bold face, in font sizes

  public Chart {
    series = List.copyOf(series);
  }

  /// A chart with a linear x axis.
  public Chart(String title, String xTitle, String yTitle, Scale scale, List<Series> series) {
    this(title, xTitle, yTitle, Scale.TIGHT, scale, series);
  }

  /// A size in pixels and its text size.
  ///
  /// @param font height of the labels in pixels
  public record Size(int width, int height, int font) {
    /// A figure for a page or for print.
    public static final Size PAGE = new Size(720, 420, 13);
    /// A figure for a telephone.
    public static final Size PHONE = new Size(360, 330, 12);
    /// A figure that has half of a row.
    public static final Size SLOT = new Size(420, 300, 12);
    /// A figure that has a third of a row.
    public static final Size PANEL = new Size(310, 210, 12);
    /// A small figure among many.
    static final Size SMALL = new Size(240, 130, 12);
    /// The sizes for a page of any width.
    public static final List<Size> ANY = List.of(PAGE, PHONE);
  }

  /// A point as far as it is on the y axis.
  private static Point visible(Point p, Axis y) {
    return p.y() >= y.lowest() && p.y() <= y.highest()
        ? new Point(p.x(), p.y(), Math.max(p.low(), y.lowest()), Math.min(p.high(), y.highest()))
        : new Point(p.x(), Double.NaN);
  }

  /// A figure of the chart in one size, or in two: the first for wide pages and print, the second for narrow ones.
  ///
  /// @param attributes more attributes of each drawing: name, value, name, value
  public String figure(List<Size> sizes, Object... attributes) {
    StringBuilder html = new StringBuilder("<figure>");
    for (Size size : sizes) {
      String place = sizes.size() == 1 ? "chart" : size.equals(sizes.getFirst()) ? "chart wide" : "chart narrow";
      html.append(svg(size, Stream.concat(Stream.of("class", place), Arrays.stream(attributes)).toArray()));
    }
    return html.append("</figure>\n").toString();
  }

  /// Draws it.
  ///
  /// @param attributes more attributes of the root element: name, value, name, value
  public String svg(Size size, Object... attributes) {
    int font = size.font();
    Legend legend = legend(size);
    Frame f = frame(size, legend.height());
    List<Object> all = new ArrayList<>(List.of("data-frame", f.data()));
    if (scale == Scale.LOG) {
      all.addAll(List.of("data-scale", "log"));
    }
    all.addAll(List.of(attributes));
    Svg svg = new Svg(size.width(), size.height(), font, title.isEmpty() ? names() : title, all.toArray());
    double left = f.x().from();
    if (!title.isEmpty()) {
      svg.ink(left, font * 1.5, "start", Svg.fit(title, (size.width() - left) / ((font + 1) * BOLD)), "font-weight",
          600,
          "font-size", font + 1);
    }
    double legendTop = title.isEmpty() ? font * 1.3 : font * 3.1;
    legend.draw(svg, left, legendTop);
    f.draw(svg);
    f.titles(svg, size.height(), xTitle, yTitle);
    boolean empty = true;
    for (int i = 0; i < series.size(); i++) {
      List<Point> points = visible(series.get(i), f.y());
      empty &= points.stream().noneMatch(p -> Double.isFinite(p.y()));
      svg.colour(series.get(i).colour(), "data-curve", i);
      draw(svg, series.get(i), points, f);
      svg.close();
    }
    if (empty) {
      svg.soft((left + f.x().to()) / 2, (f.y().from() + f.y().to()) / 2, "middle", "nothing recorded yet");
    }
    return svg.end();
  }

  /// The curves as [#svg] draws them at a size, thinned and without what lies above the axis.
  List<Series> drawn(Size size) {
    Frame f = frame(size, 0);
    return series.stream().map(s -> new Series(s.name(), s.colour(), s.kind(), visible(s, f.y()))).toList();
  }

  private static List<Point> visible(Series s, Axis y) {
    return Series.thin(s.points(), Series.BUCKETS).stream().map(p -> visible(p, y)).toList();
  }

  /// The y axis.
  private Axis yAxis(int height) {
    int count = Math.max(3, height / 50);
    double[] lows = all(Point::low);
    double[] highs = all(Point::high);
    if (scale == Scale.LOG) {
      double low = Arrays.stream(lows).filter(v -> v > 0).min().orElse(1);
      double high = Arrays.stream(highs).filter(v -> v > 0).max().orElse(10);
      return Axis.logarithmic(low, high, count);
    }
    if (scale == Scale.PERCENT) {
      return Axis.around(0, 100, count);
    }
    double low = Arrays.stream(lows).min().orElse(0);
    double high = scale == Scale.WHOLE
        ? Arrays.stream(highs).max().orElse(Double.NEGATIVE_INFINITY)
        : series.stream().mapToDouble(s -> Series.readableTop(s.points())).max().orElse(Double.NEGATIVE_INFINITY);
    if (Double.isFinite(high)) { // as much of the shaded ranges as leaves the curves their place
      double cut = 2 * high - low;
      high = Math.max(high, Arrays.stream(highs).filter(v -> v <= cut).max().orElse(high));
    }
    high = Double.isFinite(high) ? high : 1;
    return scale == Scale.FROM_ZERO
        ? Axis.around(Math.min(0, low), Math.max(0, high), count)
        : Axis.around(low, high, count);
  }

  /// The finite ones of a number of every point.
  private double[] all(ToDoubleFunction<Point> number) {
    return series.stream().flatMap(s -> s.points().stream()).mapToDouble(number).filter(Double::isFinite).toArray();
  }

  /// The x axis.
  private Axis xAxis(Size size) {
    double[] xs = all(Point::x);
    if (xScale == Scale.LOG) {
      return Axis.at(Arrays.stream(xs).boxed().toList(), Decimals::setting);
    }
    boolean counts = Arrays.stream(xs).allMatch(x -> x == Math.rint(x));
    double xMax = Arrays.stream(xs).reduce(counts ? 1 : Double.NEGATIVE_INFINITY, Math::max);
    double xMin = Arrays.stream(xs).min().orElse(0);
    boolean fromZero = xMin >= 0 && (xMin < 0.25 * xMax || xMin == xMax);
    return Axis.over(fromZero ? 0 : xMin, xMax, Math.max(2, size.width() / (size.font() * 8)), counts);
  }

  private Frame frame(Size size, double legendHeight) {
    int font = size.font();
    Axis y = yAxis(size.height());
    double left = 8 + y.longestLabel() * font * Svg.CHARACTER + 6 + (yTitle.isEmpty() ? 0 : font * 1.5);
    double top = (title.isEmpty() ? font * 0.5 : font * 2.2) + legendHeight + font * 0.4;
    double bottom = size.height() - font * (xTitle.isEmpty() ? 1.8 : 3.3);
    return new Frame(xAxis(size).between(left, size.width() - font * 2.0), y.between(bottom, top), font);
  }

  private static void draw(Svg svg, Series s, List<Point> points, Frame f) {
    if (s.shaded()) {
      svg.leaf("path", "d", band(points, f), "fill", "currentColor", "fill-opacity", 0.14);
    }
    StringBuilder path = new StringBuilder();
    boolean dots = s.kind() == Kind.RAW && !s.dense();
    boolean joined = false;
    for (int i = 0; i < points.size(); i++) {
      Point p = points.get(i);
      if (Double.isFinite(p.y())) {
        path.append(joined ? 'L' : 'M').append(Svg.join(f.x().at(p.x()), f.y().at(p.y())));
        boolean goesOn = !dots && i + 1 < points.size() && Double.isFinite(points.get(i + 1).y());
        path.append(joined || goesOn ? "" : "h0"); // a lone point: a dot, by its round ends
        joined = goesOn;
      }
    }
    boolean apart = s.kind() == Kind.POINTS || s.kind() == Kind.CROSSES;
    if (!path.isEmpty() && !apart) {
      curve(svg, s, path.toString());
    }
    List<Point> there = Series.finite(points);
    if (s.kind() == Kind.CROSSES) {
      there.forEach(p -> svg.leaf("path", "d", "M" + Svg.join(f.x().at(p.x()) - 4, f.y().at(p.y()) - 4)
          + "l8 8m0 -8l-8 8", "fill", "none", "stroke", "currentColor", "stroke-width", 1.6));
    } else if (s.kind() == Kind.MARKED || apart || points.size() == 1) {
      double radius = points.size() > 60 ? 1.8 : 3.2;
      there.forEach(p -> svg.leaf("circle", "cx", f.x().at(p.x()), "cy", f.y().at(p.y()), "r", radius, "fill",
          "currentColor", "fill-opacity", apart ? 0.65 : 1.0));
    }
  }

  /// The outline of the shaded ranges: along the upper ends and back along the lower, in parts where points are missing.
  private static String band(List<Point> points, Frame f) {
    StringBuilder outline = new StringBuilder();
    List<Point> part = new ArrayList<>();
    for (int i = 0; i <= points.size(); i++) {
      if (i < points.size() && Double.isFinite(points.get(i).y())) {
        part.add(points.get(i));
      } else if (!part.isEmpty()) {
        List<String> corners = new ArrayList<>();
        part.forEach(p -> corners.add(Svg.join(f.x().at(p.x()), f.y().at(p.high()))));
        part.reversed().forEach(p -> corners.add(Svg.join(f.x().at(p.x()), f.y().at(p.low()))));
        outline.append('M').append(String.join("L", corners)).append('Z');
        part.clear();
      }
    }
    return outline.toString();
  }

  private static void curve(Svg svg, Series s, String path) {
    boolean raw = s.kind() == Kind.RAW;
    List<Object> attributes = new ArrayList<>(List.of("d", path, "fill", "none", "stroke", "currentColor",
        "stroke-linecap", "round", "stroke-linejoin", "round", "stroke-width", !raw ? 1.8 : s.dense() ? 1.0 : 2.6));
    if (raw) {
      attributes.addAll(List.of("stroke-opacity", 0.45));
    } else if (s.kind() == Kind.DASHED) {
      attributes.addAll(List.of("stroke-dasharray", "5 4"));
    }
    svg.leaf("path", attributes.toArray());
  }

  /// The legend in rows of the plot's width; empty where the title says it all.
  private Legend legend(Size size) {
    Frame f = frame(size, 0);
    Legend legend = new Legend(f.x().to() - f.x().from(), size.font());
    if (series.size() > 1 || title.isEmpty()) {
      for (int i = 0; i < series.size(); i++) {
        Series s = series.get(i);
        if (!s.name().isEmpty()) {
          legend.add(s.name(), s.colour(), i, (svg, x, y) -> sample(svg, s, x, y));
        }
      }
    }
    return legend.note(note(f.y()));
  }

  /// A piece of a curve.
  private static void sample(Svg svg, Series s, double x, double y) {
    if (s.kind() != Kind.POINTS) {
      curve(svg, s, s.kind() == Kind.RAW && !s.dense()
          ? "M" + Svg.join(x + 4, y) + "h0m5 0h0m5 0h0"
          : "M" + Svg.join(x, y) + "h18");
    }
    if (s.kind() == Kind.MARKED || s.kind() == Kind.POINTS) {
      svg.leaf("circle", "cx", x + 9, "cy", y, "r", 3.2, "fill", "currentColor");
    }
  }

  private String note(Axis y) {
    if (scale != Scale.TIGHT && scale != Scale.FROM_ZERO) {
      return "";
    }
    double[] above = Arrays.stream(all(Point::y)).filter(v -> v > y.highest()).sorted().toArray();
    return above.length == 0
        ? ""
        : String.format(Locale.ROOT, "not shown: %,d above %s, up to %.3g", above.length,
            y.marks().getLast().label(), above[above.length - 1]);
  }

  private String names() {
    return String.join(", ", series.stream().map(Series::name).filter(name -> !name.isEmpty()).toList());
  }
}
