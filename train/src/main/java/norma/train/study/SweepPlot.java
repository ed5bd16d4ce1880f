package norma.train.study;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import norma.train.report.Chart;
import norma.train.report.Chart.Scale;
import norma.train.report.Series;
import norma.train.report.Series.Kind;
import norma.train.report.Series.Point;
import norma.train.report.Svg;
import norma.train.study.StabilityCard.Run;
import norma.train.study.StabilityCard.Sweep;

/// Capped final loss over the learning rate: the mean of each variant as a line, every seed as a dot, a cross for one that diverged.
/// Nothing is left out above: what rises there is what one looks for.
final class SweepPlot {
  private SweepPlot() {}

  /// Makes as many figures as it takes to tell the curves apart; empty before the first loss.
  static String figures(StabilityCard card) {
    List<Sweep> all = card.sweeps().stream().filter(sweep -> !means(sweep).isEmpty()).toList();
    StringBuilder html = new StringBuilder();
    for (int from = 0; from < all.size(); from += Svg.COLOURS) {
      List<Sweep> some = all.subList(from, Math.min(all.size(), from + Svg.COLOURS));
      List<Series> series = new ArrayList<>();
      for (int colour = 0; colour < some.size(); colour++) {
        Sweep sweep = some.get(colour);
        series.add(new Series(sweep.name(), colour, Kind.MARKED, means(sweep)));
        series.add(new Series("", colour, Kind.POINTS, seeds(sweep, Run::completed)));
        series.add(new Series("", colour, Kind.CROSSES, seeds(sweep, run -> !run.completed())));
      }
      html.append(new Chart("", "learning rate", "final loss (nats)", Scale.LOG, Scale.WHOLE, series)
          .figure(Chart.Size.ANY));
    }
    return html.toString();
  }

  private static List<Point> means(Sweep sweep) {
    return sweep.rates().stream().map(rate -> new Point(rate.lr(), sweep.cappedLoss(rate)))
        .filter(point -> !Double.isNaN(point.y())).toList();
  }

  private static List<Point> seeds(Sweep sweep, Predicate<Run> which) {
    return sweep.rates().stream().flatMap(rate -> rate.runs().entrySet().stream()
        .filter(run -> which.test(run.getValue()))
        .map(run -> new Point(rate.lr(), sweep.cappedLoss(rate, run.getKey())))).toList();
  }
}
