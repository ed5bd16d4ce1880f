package norma.train.study;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import norma.train.report.Axis;
import norma.train.report.RowPlot;
import norma.train.study.StudySummary.Row;

/// The paired differences of every variant: a dot for each seed, the mean with its interval, and the line of no difference.
final class DifferencePlot {
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
    RowPlot plot = new RowPlot(width, place, width < 600
        ? "difference to the baseline (nats)"
        : "difference of the best validation loss to the baseline (nats); left is better",
        rows.stream().map(row -> row.variant().name()).toList(), Axis.around(low, high, width / 110), 0);
    for (int i = 0; i < rows.size(); i++) {
      PairedDifferences best = rows.get(i).best();
      PairedDifferences.Interval interval = best.studentInterval();
      plot.range(i, interval.low(), best.mean(), interval.high(), rows.get(i).variant().name() + ": "
          + SummaryText.signed(best.mean()), best.all());
    }
    return plot.end();
  }
}
