package norma.train.report;

import norma.train.metrics.Metrics;
import norma.train.metrics.Event;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import norma.train.report.Series.Kind;
import norma.train.report.Series.Point;

/// The picture of a run: training loss, raw and smoothed, and the validation loss.
public final class LossPlot {

  private LossPlot() {}

  /// The chart of a run.
  ///
  /// @param name the run's name, for the title
  public static Chart of(String name, Metrics metrics) {
    List<Series> series = new ArrayList<>(Series.withMean("training loss",
        metrics.of(Event.Step.class).stream().map(s -> new Point(s.step(), s.loss())).toList()));
    List<Point> validation = metrics.of(Event.Eval.class).stream().map(e -> new Point(e.step(), e.valLoss())).toList();
    metrics.bestEval().ifPresent(best -> series.add(new Series(
        String.format(Locale.ROOT, "%s validation loss, best %.4f", best.kind(), best.valLoss()), 1, Kind.MARKED,
        validation)));
    return new Chart(name, "step", "loss (nats)", Chart.Scale.TIGHT, series);
  }

  /// The whole of `loss.svg`.
  public static String svg(String name, Metrics metrics) {
    return of(name, metrics).svg(Chart.Size.PAGE);
  }
}
