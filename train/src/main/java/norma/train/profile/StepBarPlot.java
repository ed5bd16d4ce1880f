package norma.train.profile;

import static norma.train.report.Decimals.digits;

import java.util.List;
import java.util.stream.Stream;
import norma.train.profile.StepBar.Slice;
import norma.train.report.Axis;
import norma.train.report.Svg;

/// Draws a [StepBar], level below level.
///
/// @param millis of the whole width
record StepBarPlot(StepBar bar, double millis) {
  private static final int WIDTH = 960;
  private static final int FONT = 12;
  private static final int LEVEL = 26;
  /// Opacity of the fill, level by level: light enough for dark text.
  private static final double[] OPACITY = { 0.18, 0.42, 0.3, 0.18 };

  /// Plots of several bars on one scale.
  static List<StepBarPlot> of(List<StepBar> bars) {
    double millis = bars.stream().mapToDouble(StepBar::millis).max().orElse(1);
    return bars.stream().map(bar -> new StepBarPlot(bar, millis)).toList();
  }

  /// A figure that scrolls sideways on narrow pages.
  ///
  /// @param title what the bar is of
  String figure(String title) {
    int bottom = LEVEL * OPACITY.length + 1;
    Svg svg = new Svg(WIDTH, bottom + 26, FONT, title, "class", "chart");
    Axis x = Axis.over(0, millis, 8, false).between(1, WIDTH - 1);
    for (Axis.Mark mark : x.marks()) {
      double at = x.at(mark.position());
      svg.rule(at, bottom, at, bottom + 4);
      svg.soft(at, bottom + 18, mark.position() == 0 ? "start" : mark.position() > 0.97 * millis ? "end" : "middle",
          mark.position() == 0 ? "0 ms" : mark.label());
    }
    slices(svg, bar.slices(), 0, 0, x);
    return "<figure class=\"scroll step\">" + svg.end() + "</figure>\n";
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

  /// The longest form of its name that fits.
  private static String label(Slice slice, double width) {
    String name = slice.label();
    return Stream.of(name + " " + digits(slice.millis()) + " ms", name, name.substring(name.lastIndexOf('.') + 1))
        .filter(label -> label.length() * FONT * Svg.CHARACTER + 4 <= width).findFirst().orElse("");
  }
}
