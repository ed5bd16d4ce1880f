package norma.train.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import norma.train.report.Series.Kind;
import norma.train.report.Series.Point;

/// A line chart. The y axis is made for reading: values far above all others are left out, and the legend says so.
/// Colours are attributes, so that a style sheet can replace them (classes `page`, `ink`, `soft`, `grid`, `s0` to `s7`).
///
/// @param title    heading, may be empty
/// @param xTitle   title of the x axis, may be empty; whole numbers count steps
/// @param yTitle   title of the y axis with its unit, may be empty
/// @param scale    of the y axis
/// @param series   the curves, drawn in this order
public record Chart(String title, String xTitle, String yTitle, Scale scale, List<Series> series) {

  /// What the y axis spans.
  public enum Scale {
    /// the values
    TIGHT,
    /// the values and 0
    FROM_ZERO,
    /// powers of ten around the values; what is not above 0 is left out
    LOG
  }

  /// Okabe and Ito's palette, told apart with any kind of colour vision (jfly.uni-koeln.de/color): blue, vermilion,
  /// bluish green, orange, reddish purple, sky blue, black; grey in place of its yellow, which is too light for lines.
  static final List<String> PALETTE = List.of("#0072b2", "#d55e00", "#009e73", "#e69f00", "#cc79a7", "#56b4e9",
      "#222222", "#8a8a8a");
  /// Curves that one chart can tell apart.
  public static final int COLOURS = PALETTE.size();

  private static final double CHARACTER = 0.6; // mean width of a character of a sans-serif face, in font sizes
  private static final double BOLD = 0.68;
  private static final String INK = "#222222";
  private static final String SOFT = "#555555";

  public Chart {
    series = List.copyOf(series);
  }

  /// With a linear y axis.
  ///
  /// @param fromZero whether the y axis begins at 0
  public Chart(String title, String xTitle, String yTitle, boolean fromZero, List<Series> series) {
    this(title, xTitle, yTitle, fromZero ? Scale.FROM_ZERO : Scale.TIGHT, series);
  }

  /// A size in pixels and its text size.
  ///
  /// @param font height of the labels in pixels
  public record Size(int width, int height, int font) {
    /// A figure for a page or for print.
    public static final Size PAGE = new Size(720, 420, 13);
    /// A figure for a telephone.
    public static final Size PHONE = new Size(360, 330, 12);
    /// One of two in a row.
    public static final Size SLOT = new Size(420, 300, 12);
    /// One of three in a row.
    public static final Size PANEL = new Size(310, 210, 12);
    /// One of many.
    static final Size SMALL = new Size(240, 130, 12);
  }

  /// Where the curves stand, and what the axes span; on a logarithmic axis the ticks are exponents of ten.
  private record Frame(double left, double top, double right, double bottom, Ticks x, Ticks y, Scale scale) {
    double px(double value) {
      return left + (value - x.min()) / (x.max() - x.min()) * (right - left);
    }

    double py(double value) {
      return tick(scale == Scale.LOG ? Math.log10(value) : value);
    }

    /// Of a value on the axis, on a logarithmic one an exponent.
    double tick(double value) {
      return bottom - (value - y.min()) / (y.max() - y.min()) * (bottom - top);
    }

    String label(double tick) {
      if (scale != Scale.LOG) {
        return y.label(tick);
      }
      boolean plain = tick >= -4 && tick <= 6;
      return plain
          ? String.format(Locale.ROOT, "%,." + Math.max(0, Math.round(-tick)) + "f", Math.pow(10, tick))
          : String.format(Locale.ROOT, "1e%.0f", tick);
    }

    /// A point as far as it is on the axis.
    Point visible(Point p) {
      double lowest = scale == Scale.LOG ? Math.pow(10, y.min()) * (1 - 1e-9) : Double.NEGATIVE_INFINITY;
      double highest = (scale == Scale.LOG ? Math.pow(10, y.max()) : y.max()) * (1 + 1e-9);
      return p.y() >= lowest && p.y() <= highest
          ? new Point(p.x(), p.y(), Math.max(p.low(), lowest), Math.min(p.high(), highest))
          : new Point(p.x(), Double.NaN);
    }
  }

  private record Label(String text, int series, double x, int row) {}

  /// Draws it.
  ///
  /// @param attributes more attributes of the root element: name, value, name, value
  public String svg(Size size, Object... attributes) {
    int font = size.font();
    List<Label> legend = legend(size);
    int rows = legend.isEmpty() ? 0 : legend.getLast().row() + 1;
    Frame f = frame(size, rows);
    List<Object> all = new ArrayList<>(List.of("font-family", "system-ui, -apple-system, 'Segoe UI', sans-serif",
        "font-size", font, "data-frame", join(f.left, f.top, f.right, f.bottom) + " "
            + f.x.min() + " " + f.x.max() + " " + f.y.min() + " " + f.y.max()));
    if (scale == Scale.LOG) {
      all.addAll(List.of("data-scale", "log"));
    }
    all.addAll(List.of(attributes));
    Svg svg = new Svg(size.width(), size.height(), title.isEmpty() ? names() : title, all.toArray());
    svg.leaf("rect", "class", "page", "width", size.width(), "height", size.height(), "fill", "#ffffff");
    if (!title.isEmpty()) {
      svg.text(f.left, font * 1.5, "start", fit(title, (size.width() - f.left) / ((font + 1) * BOLD)), "class", "ink",
          "fill", INK, "font-weight", 600, "font-size", font + 1);
    }
    double legendTop = title.isEmpty() ? font * 1.3 : font * 3.1;
    for (Label label : legend) {
      drawLabel(svg, label, f.left + label.x(), legendTop + label.row() * font * 1.5, font);
    }
    axes(svg, f, size);
    boolean empty = true;
    for (int i = 0; i < series.size(); i++) {
      List<Point> points = visible(series.get(i), f);
      empty &= points.stream().noneMatch(p -> Double.isFinite(p.y()));
      svg.open("g", "class", "s" + series.get(i).colour(), "color", PALETTE.get(series.get(i).colour()), "data-curve",
          i);
      draw(svg, series.get(i), points, f);
      svg.close();
    }
    if (empty) {
      svg.text((f.left + f.right) / 2, (f.top + f.bottom) / 2, "middle", "nothing recorded yet", "class", "soft",
          "fill", SOFT);
    }
    return svg.end();
  }

  /// The curves as [#svg] draws them at a size, thinned and without what lies above the axis.
  List<Series> drawn(Size size) {
    Frame f = frame(size, 0);
    return series.stream().map(s -> new Series(s.name(), s.colour(), s.kind(), visible(s, f))).toList();
  }

  private static List<Point> visible(Series s, Frame f) {
    return Series.thin(s.points(), Series.BUCKETS).stream().map(f::visible).toList();
  }

  /// The y axis.
  private Ticks yAxis(int height) {
    int count = Math.max(3, height / 50);
    double[] lows = all(Point::low);
    double[] highs = all(Point::high);
    if (scale == Scale.LOG) {
      double low = Arrays.stream(lows).filter(v -> v > 0).min().orElse(1);
      double high = Arrays.stream(highs).filter(v -> v > 0).max().orElse(10);
      int first = (int) Math.floor(Math.log10(low) + 1e-9);
      int last = Math.max(first + 1, (int) Math.ceil(Math.log10(high) - 1e-9));
      return new Ticks(first, last, Math.ceilDiv(last - first, count));
    }
    double low = Arrays.stream(lows).min().orElse(0);
    double high = series.stream().mapToDouble(s -> Series.readableTop(s.points())).max()
        .orElse(Double.NEGATIVE_INFINITY);
    if (Double.isFinite(high)) { // as much of the shaded ranges as leaves the curves their place
      double cut = 2 * high - low;
      high = Math.max(high, Arrays.stream(highs).filter(v -> v <= cut).max().orElse(high));
    }
    return Ticks.around(scale == Scale.FROM_ZERO ? Math.min(0, low) : low, Double.isFinite(high) ? high : 1, count);
  }

  /// The finite ones of a number of every point.
  private double[] all(ToDoubleFunction<Point> number) {
    return series.stream().flatMap(s -> s.points().stream()).mapToDouble(number).filter(Double::isFinite).toArray();
  }

  private Frame frame(Size size, int legendRows) {
    int font = size.font();
    double[] xs = all(Point::x);
    boolean counts = Arrays.stream(xs).allMatch(x -> x == Math.rint(x));
    double xMax = counts ? 1 : Double.NEGATIVE_INFINITY;
    double xMin = xs.length == 0 ? 0 : Double.POSITIVE_INFINITY;
    for (double x : xs) {
      xMax = Math.max(xMax, x);
      xMin = Math.min(xMin, x);
    }
    xMin = xMin >= 0 && (xMin < 0.25 * xMax || xMin == xMax) ? 0 : xMin;
    Ticks y = yAxis(size.height());
    Frame labels = new Frame(0, 0, 0, 0, y, y, scale);
    double longest = Arrays.stream(y.values()).mapToObj(labels::label).mapToInt(String::length).max().orElse(0);
    double left = 8 + longest * font * CHARACTER + 6 + (yTitle.isEmpty() ? 0 : font * 1.5);
    double right = size.width() - font * 2.0;
    double top = (title.isEmpty() ? font * 0.5 : font * 2.2) + legendRows * font * 1.5 + font * 0.4;
    double bottom = size.height() - font * (xTitle.isEmpty() ? 1.8 : 3.3);
    Ticks x = Ticks.over(xMin, xMax, Math.max(2, size.width() / (font * 8)), counts);
    return new Frame(left, top, right, bottom, x, y, scale);
  }

  private void axes(Svg svg, Frame f, Size size) {
    int font = size.font();
    svg.open("g", "class", "axes");
    for (double value : f.y.values()) {
      double y = f.tick(value);
      svg.leaf("line", "class", "grid", "x1", f.left, "x2", f.right, "y1", y, "y2", y, "stroke", "#e3e3e3");
      svg.text(f.left - 6, y + font * 0.35, "end", f.label(value), "class", "soft", "fill", SOFT);
    }
    for (double value : f.x.values()) {
      double x = f.px(value);
      svg.leaf("line", "class", "soft", "x1", x, "x2", x, "y1", f.bottom, "y2", f.bottom + 4, "stroke", SOFT);
      svg.text(x, f.bottom + font * 1.4, "middle", f.x.label(value), "class", "soft", "fill", SOFT);
    }
    svg.close();
    svg.leaf("line", "class", "soft", "x1", f.left, "x2", f.right, "y1", f.bottom, "y2", f.bottom, "stroke", SOFT);
    if (!xTitle.isEmpty()) {
      svg.text((f.left + f.right) / 2, size.height() - font * 0.6, "middle", xTitle, "class", "ink", "fill", INK);
    }
    if (!yTitle.isEmpty()) {
      double middle = (f.top + f.bottom) / 2;
      svg.text(font * 1.2, middle, "middle", yTitle, "class", "ink", "fill", INK, "transform",
          "rotate(-90 " + join(font * 1.2, middle) + ")");
    }
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
      boolean there = Double.isFinite(p.y());
      if (there) {
        path.append(joined ? 'L' : 'M').append(join(f.px(p.x()), f.py(p.y())));
        boolean goesOn = !dots && i + 1 < points.size() && Double.isFinite(points.get(i + 1).y());
        path.append(joined || goesOn ? "" : "h0"); // a lone point: a dot, by its round ends
        joined = goesOn;
      }
    }
    boolean apart = s.kind() == Kind.POINTS;
    if (!path.isEmpty() && !apart) {
      curve(svg, s, path.toString());
    }
    if (s.kind() == Kind.MARKED || apart || points.size() == 1) {
      double radius = points.size() > 60 ? 1.8 : 3.2;
      points.stream().filter(p -> Double.isFinite(p.y())).forEach(p -> svg.leaf("circle", "cx", f.px(p.x()), "cy",
          f.py(p.y()), "r", radius, "fill", "currentColor", "fill-opacity", apart ? 0.65 : 1.0));
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
        part.forEach(p -> corners.add(join(f.px(p.x()), f.py(p.high()))));
        part.reversed().forEach(p -> corners.add(join(f.px(p.x()), f.py(p.low()))));
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

  /// The legend's labels, laid out in rows of the plot's width; none where the title says it all.
  private List<Label> legend(Size size) {
    int font = size.font();
    Frame f = frame(size, 0);
    double width = f.right - f.left;
    List<Label> labels = new ArrayList<>();
    List<String> texts = new ArrayList<>();
    if (series.size() > 1 || title.isEmpty()) {
      series.forEach(s -> texts.add(s.name()));
    }
    String note = note(f);
    if (!note.isEmpty()) {
      texts.add(note);
    }
    double x = 0;
    int row = 0;
    for (int i = 0; i < texts.size(); i++) {
      boolean isNote = !note.isEmpty() && i == texts.size() - 1;
      double needed = (isNote ? 0 : 24) + texts.get(i).length() * font * CHARACTER + font;
      if (x > 0 && x + needed - font > width) {
        x = 0;
        row++;
      }
      labels.add(new Label(texts.get(i), isNote ? -1 : i, x, row));
      x += needed;
    }
    return labels;
  }

  private void drawLabel(Svg svg, Label label, double x, double y, int font) {
    if (label.series() < 0) {
      svg.text(x, y, "start", label.text(), "class", "soft", "fill", SOFT, "font-style", "italic");
      return;
    }
    Series s = series.get(label.series());
    double middle = y - font * 0.35;
    svg.open("g", "class", "legend s" + s.colour(), "color", PALETTE.get(s.colour()), "data-curve", label.series());
    if (s.kind() != Kind.POINTS) {
      curve(svg, s, s.kind() == Kind.RAW && !s.dense()
          ? "M" + join(x + 4, middle) + "h0m5 0h0m5 0h0"
          : "M" + join(x, middle) + "h18");
    }
    if (s.kind() == Kind.MARKED || s.kind() == Kind.POINTS) {
      svg.leaf("circle", "cx", x + 9, "cy", middle, "r", 3.2, "fill", "currentColor");
    }
    svg.text(x + 24, y, "start", label.text(), "class", "ink", "fill", INK).close();
  }

  private String note(Frame f) {
    if (scale == Scale.LOG) { // everything that has a logarithm has its place
      return "";
    }
    double[] above = Arrays.stream(all(Point::y)).filter(v -> v > f.y.max() * (1 + 1e-9)).sorted().toArray();
    return above.length == 0
        ? ""
        : String.format(Locale.ROOT, "not shown: %,d above %s, up to %.3g", above.length, f.y.label(f.y.max()),
            above[above.length - 1]);
  }

  private String names() {
    return String.join(", ", series.stream().map(Series::name).toList());
  }

  private static String fit(String text, double characters) {
    int most = (int) characters;
    return text.length() <= most ? text : text.substring(0, Math.max(1, most - 1)) + "\u2026";
  }

  private static String join(double a, double... more) {
    StringBuilder joined = new StringBuilder(Svg.number(a));
    for (double value : more) {
      joined.append(' ').append(Svg.number(value));
    }
    return joined.toString();
  }
}
