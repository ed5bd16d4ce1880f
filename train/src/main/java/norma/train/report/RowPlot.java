package norma.train.report;

import java.util.List;

/// Names below each other beside one axis, with bars and ranges in their rows. Each call draws; [#end] gives the drawing.
public final class RowPlot {
  private static final int FONT = 12;
  private static final int ROW = 30;
  private static final int TOP = 30;

  private final Svg svg;
  private final Axis x;

  /// Draws heading, names and axis.
  ///
  /// @param width    in pixels
  /// @param place    class of the drawing
  /// @param emphasis value whose line is drawn strongly; NaN for none
  public RowPlot(int width, String place, String title, List<String> names, Axis axis, double emphasis) {
    int longest = names.stream().mapToInt(String::length).max().orElse(0);
    double left = Math.min(0.4 * width, 14 + longest * FONT * Svg.CHARACTER);
    int bottom = TOP + ROW * names.size();
    x = axis.between(left, width - 24);
    svg = new Svg(width, bottom + 24, FONT, title, "class", place);
    svg.ink(4, FONT * 1.4, "start", title, "font-weight", 600);
    for (Axis.Mark mark : x.marks()) {
      double at = x.at(mark.position());
      svg.grid(at, TOP, at, bottom);
      svg.soft(at, bottom + 17, "middle", mark.label());
    }
    if (!Double.isNaN(emphasis)) {
      svg.rule(x.at(emphasis), TOP, x.at(emphasis), bottom);
    }
    for (int i = 0; i < names.size(); i++) {
      svg.ink(left - 8, middle(i) + FONT * 0.35, "end",
          Svg.fit(names.get(i), (left - 14) / (FONT * Svg.CHARACTER)));
    }
  }

  private static double middle(int row) {
    return TOP + ROW * (row + 0.5);
  }

  /// A bar between two values.
  public void bar(int row, int colour, double from, double to) {
    svg.colour(colour).leaf("rect", "x", x.at(from), "y", middle(row) - 8, "width", x.at(to) - x.at(from), "height", 16,
        "fill", "currentColor").close();
  }

  /// A note that begins at a value.
  public void note(int row, double at, String text) {
    svg.soft(x.at(at) + 5, middle(row) + FONT * 0.35, "start", text);
  }

  /// A value with its range, which may be unknown, and the single values above it.
  ///
  /// @param tip for those who point at it
  public void range(int row, double low, double value, double high, String tip, double... all) {
    double y = middle(row) + (all.length == 0 ? 0 : 5);
    svg.colour(0).title(tip);
    if (Double.isFinite(low) && Double.isFinite(high)) {
      svg.leaf("line", "x1", x.at(low), "x2", x.at(high), "y1", y, "y2", y, "stroke", "currentColor", "stroke-width", 3,
          "stroke-linecap", "round", "stroke-opacity", 0.45);
    }
    svg.leaf("circle", "cx", x.at(value), "cy", y, "r", 4.5, "fill", "currentColor");
    for (double one : all) {
      svg.leaf("circle", "cx", x.at(one), "cy", y - 10, "r", 3.2, "fill", "currentColor", "fill-opacity", 0.55);
    }
    svg.close();
  }

  /// The finished drawing.
  public String end() {
    return svg.end();
  }
}
