package norma.train.profile;

import static norma.train.report.Decimals.digits;
import static norma.train.report.Decimals.percent;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import norma.train.profile.StepBar.Slice;
import norma.train.report.Axis;
import norma.train.report.Svg;
import norma.train.report.Ticks;

/// Draws a [StepBar]: level below level for wide pages, a list of bars for narrow ones.
///
/// @param millis  of the whole width
/// @param longest milliseconds of the longest bar of a list
record StepBarPlot(StepBar bar, double millis, double longest) {
  private static final int WIDE = 960;
  private static final int NARROW = 360;
  private static final int FONT = 12;
  private static final int LEVEL = 26;
  private static final int LINE = 34;
  private static final int BAR = 9;
  private static final int INDENT = 14;
  /// Of the fill, level by level: light enough for dark text.
  private static final double[] OPACITY = { 0.18, 0.42, 0.3, 0.18 };

  /// On one scale.
  static List<StepBarPlot> of(List<StepBar> bars) {
    double millis = bars.stream().mapToDouble(StepBar::millis).max().orElse(1);
    double longest = bars.stream().flatMap(bar -> lines(bar, false).stream()).mapToDouble(Line::millis).max().orElse(1);
    return bars.stream().map(bar -> new StepBarPlot(bar, millis, longest)).toList();
  }

  /// For pages of any width.
  ///
  /// @param title what the bar is of
  /// @param parts whether the list for narrow pages goes down to the parts
  String figure(String title, boolean parts) {
    return "<figure>" + wide(title) + narrow(title, parts) + "</figure>\n";
  }

  String wide(String title) {
    int bottom = LEVEL * OPACITY.length + 1;
    Svg svg = new Svg(WIDE, bottom + 26, FONT, title, "class", "chart wide");
    Axis x = Axis.linear(Ticks.over(0, millis, 8, false)).between(1, WIDE - 1);
    for (Axis.Mark mark : x.marks()) {
      double at = x.at(mark.position());
      svg.rule(at, bottom, at, bottom + 4);
      svg.soft(at, bottom + 18, mark.position() == 0 ? "start" : mark.position() > 0.97 * millis ? "end" : "middle",
          mark.position() == 0 ? "0 ms" : mark.label());
    }
    slices(svg, bar.slices(), 0, 0, x);
    return svg.end();
  }

  private static void slices(Svg svg, List<Slice> slices, double start, int level, Axis x) {
    double from = start;
    for (Slice slice : slices) {
      double left = x.at(from);
      double width = x.at(from + slice.millis()) - left;
      svg.colour(slice.colour()).title(slice.tip());
      svg.leaf("rect", "class", "slice", "x", left, "y", LEVEL * level, "width", width, "height", LEVEL, "fill",
          "currentColor", "fill-opacity", OPACITY[level], "stroke", "#ffffff", "stroke-width", 0.6);
      String label = label(slice, width);
      if (!label.isEmpty()) {
        svg.ink(left + width / 2, LEVEL * (level + 0.5) + FONT * 0.35, "middle", label);
      }
      svg.close();
      slices(svg, slice.children(), from, level + 1, x);
      from += slice.millis();
    }
  }

  /// As much of its name as fits.
  private static String label(Slice slice, double width) {
    String name = slice.label();
    return Stream.of(name + " " + digits(slice.millis()) + " ms", name, name.substring(name.lastIndexOf('.') + 1))
        .filter(label -> label.length() * FONT * Svg.CHARACTER + 4 <= width).findFirst().orElse("");
  }

  /// A group or part in both directions, or a phase.
  ///
  /// @param level 0, or 1 for what is indented
  private record Line(String label, int level, int colour, double forward, double backward) {
    double millis() {
      return forward + backward;
    }

    Line plus(Line other) {
      return new Line(label, level, colour, forward + other.forward, backward + other.backward);
    }
  }

  private static List<Line> lines(StepBar bar, boolean parts) {
    Map<String, Line> lines = new LinkedHashMap<>();
    for (Slice slice : bar.slices()) {
      boolean direction = slice.children().stream().anyMatch(child -> !child.children().isEmpty());
      for (Slice group : direction ? slice.children() : List.of(slice)) {
        add(lines, group.label(), group, 0, slice);
        if (parts) {
          group.children().forEach(part -> add(lines, group.label() + "\n" + part.label(), part, 1, slice));
        }
      }
    }
    return new ArrayList<>(lines.values());
  }

  private static void add(Map<String, Line> lines, String key, Slice slice, int level, Slice direction) {
    boolean backward = direction.label().equals("backward");
    lines.merge(key, new Line(slice.label(), level, slice.colour(), backward ? 0 : slice.millis(),
        backward ? slice.millis() : 0), Line::plus);
  }

  String narrow(String title, boolean parts) {
    List<Line> lines = lines(bar, parts);
    Svg svg = new Svg(NARROW, LINE * lines.size() + 4, FONT, title, "class", "chart narrow");
    double pixels = (NARROW - 2 - INDENT) / longest;
    for (int i = 0; i < lines.size(); i++) {
      Line line = lines.get(i);
      double left = 1 + INDENT * line.level;
      double middle = left + line.forward * pixels;
      double text = LINE * i + FONT + 3;
      svg.ink(left, text, "start", line.label, "font-weight", line.level == 0 ? 600 : 400);
      svg.soft(NARROW - 1, text, "end", digits(line.millis()) + " ms, " + percent(line.millis() / bar.millis()));
      svg.colour(line.colour);
      svg.leaf("rect", "x", left, "y", text + 5, "width", middle - left, "height", BAR, "fill", "currentColor");
      svg.leaf("rect", "x", middle, "y", text + 5, "width", line.backward * pixels, "height", BAR, "fill",
          "currentColor", "fill-opacity", 0.45);
      svg.close();
    }
    return svg.end();
  }
}
