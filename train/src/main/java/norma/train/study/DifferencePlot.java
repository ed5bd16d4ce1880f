package norma.train.study;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import norma.train.report.Svg;
import norma.train.report.Ticks;
import norma.train.study.StudySummary.Row;

/// The paired differences of every variant: a dot for each seed, the mean with its interval, and the line of no difference.
final class DifferencePlot {
  private static final int ROW = 34;
  private static final int TOP = 14;
  private static final int FONT = 13;
  private static final double CHARACTER = 7.8;
  private static final String INK = "#222222";
  private static final String SOFT = "#555555";

  private DifferencePlot() {}

  /// The drawing; empty without a pair.
  ///
  /// @param width in pixels
  /// @param place class of the drawing
  static String svg(StudySummary summary, int width, String place) {
    List<Row> rows = summary.rows().stream().filter(row -> !row.variant().baseline() && row.best().pairs() > 0)
        .toList();
    double[] values = rows.stream().map(Row::best)
        .flatMap(best -> Stream.concat(Arrays.stream(best.all()).boxed(),
            Stream.of(best.studentInterval().low(), best.studentInterval().high())))
        .mapToDouble(Double::doubleValue).filter(Double::isFinite).toArray();
    if (values.length == 0) {
      return "";
    }
    double low = Math.min(0, Arrays.stream(values).min().orElseThrow());
    double high = Math.max(0, Arrays.stream(values).max().orElseThrow());
    Ticks x = Ticks.around(low, high, width / 110);
    double left = 12 + CHARACTER * rows.stream().mapToInt(row -> row.variant().name().length()).max().orElse(0);
    double right = width - 24;
    int bottom = TOP + ROW * rows.size();
    Svg svg = new Svg(width, bottom + 50, "differences to the baseline with the same seed", "font-family",
        "system-ui, -apple-system, 'Segoe UI', sans-serif", "font-size", FONT, "class", place);
    svg.leaf("rect", "class", "page", "width", width, "height", bottom + 50, "fill", "#ffffff");
    for (double value : x.values()) {
      double at = left + (value - x.min()) / (x.max() - x.min()) * (right - left);
      svg.leaf("line", "class", value == 0 ? "soft" : "grid", "x1", at, "x2", at, "y1", TOP, "y2", bottom, "stroke",
          value == 0 ? SOFT : "#e3e3e3");
      svg.text(at, bottom + 18, "middle", x.label(value), "class", "soft", "fill", SOFT);
    }
    svg.text(width / 2.0, bottom + 40, "middle", width < 600
        ? "difference to the baseline (nats/character)"
        : "difference of the best validation loss to the baseline (nats/character); left is better", "class", "ink",
        "fill", INK);
    for (int i = 0; i < rows.size(); i++) {
      row(svg, rows.get(i), TOP + ROW * (i + 0.5), left, right, x);
    }
    return svg.end();
  }

  private static void row(Svg svg, Row row, double y, double left, double right, Ticks x) {
    double perUnit = (right - left) / (x.max() - x.min());
    svg.text(left - 8, y + FONT * 0.35, "end", row.variant().name(), "class", "ink", "fill", INK);
    svg.open("g", "class", "s0", "color", "#0072b2");
    PairedDifferences.Interval interval = row.best().studentInterval();
    if (Double.isFinite(interval.low())) {
      svg.leaf("line", "x1", left + (interval.low() - x.min()) * perUnit, "x2",
          left + (interval.high() - x.min()) * perUnit, "y1", y + 6, "y2", y + 6, "stroke", "currentColor",
          "stroke-width", 3, "stroke-linecap", "round");
    }
    double mean = left + (row.best().mean() - x.min()) * perUnit;
    svg.leaf("line", "x1", mean, "x2", mean, "y1", y, "y2", y + 12, "stroke", "currentColor", "stroke-width", 3);
    for (double difference : row.best().all()) {
      svg.leaf("circle", "cx", left + (difference - x.min()) * perUnit, "cy", y - 6, "r", 3.5, "fill", "currentColor",
          "fill-opacity", 0.55);
    }
    svg.close();
  }
}
