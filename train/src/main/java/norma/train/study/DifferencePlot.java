package norma.train.study;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import norma.train.report.Axis;
import norma.train.report.Svg;
import norma.train.report.Ticks;
import norma.train.study.StudySummary.Row;

/// The paired differences of every variant: a dot for each seed, the mean with its interval, and the line of no difference.
final class DifferencePlot {
  private static final int ROW = 34;
  private static final int TOP = 14;
  private static final int FONT = 13;
  private static final double CHARACTER = 7.8;

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
    double left = 12 + CHARACTER * rows.stream().mapToInt(row -> row.variant().name().length()).max().orElse(0);
    Axis x = Axis.linear(Ticks.around(low, high, width / 110)).between(left, width - 24);
    int bottom = TOP + ROW * rows.size();
    Svg svg = new Svg(width, bottom + 50, FONT, "differences to the baseline with the same seed", "class", place);
    for (Axis.Mark mark : x.marks()) {
      double at = x.at(mark.position());
      if (mark.position() == 0) {
        svg.rule(at, TOP, at, bottom);
      } else {
        svg.grid(at, TOP, at, bottom);
      }
      svg.soft(at, bottom + 18, "middle", mark.label());
    }
    svg.ink(width / 2.0, bottom + 40, "middle", width < 600
        ? "difference to the baseline (nats/character)"
        : "difference of the best validation loss to the baseline (nats/character); left is better");
    for (int i = 0; i < rows.size(); i++) {
      row(svg, rows.get(i), TOP + ROW * (i + 0.5), x);
    }
    return svg.end();
  }

  private static void row(Svg svg, Row row, double y, Axis x) {
    svg.ink(x.from() - 8, y + FONT * 0.35, "end", row.variant().name());
    svg.colour(0);
    PairedDifferences.Interval interval = row.best().studentInterval();
    if (Double.isFinite(interval.low())) {
      svg.leaf("line", "x1", x.at(interval.low()), "x2", x.at(interval.high()), "y1", y + 6, "y2", y + 6, "stroke",
          "currentColor", "stroke-width", 3, "stroke-linecap", "round");
    }
    double mean = x.at(row.best().mean());
    svg.leaf("line", "x1", mean, "x2", mean, "y1", y, "y2", y + 12, "stroke", "currentColor", "stroke-width", 3);
    for (double difference : row.best().all()) {
      svg.leaf("circle", "cx", x.at(difference), "cy", y - 6, "r", 3.5, "fill", "currentColor", "fill-opacity", 0.55);
    }
    svg.close();
  }
}
