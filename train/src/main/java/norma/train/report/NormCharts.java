package norma.train.report;

import static norma.train.report.Svg.escape;

import norma.train.metrics.Event;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import norma.train.report.Chart.Scale;
import norma.train.report.Series.Kind;
import norma.train.report.Series.Point;

/// Small charts of every normalization slot over training: its scalars; the slope of its squashing function beside 1/std of its input,
/// which the slope is said to follow (DyT, arXiv:2503.10622, section 6.2); its saturation; and the gradient at its output.
final class NormCharts {

  private NormCharts() {}

  static String of(List<Event.Norm> norms, Figures figures) {
    StringBuilder html = new StringBuilder();
    for (Event.Slot slot : norms.getLast().slots()) {
      List<Series> scalars = new ArrayList<>();
      slot.scalars().keySet().forEach(name -> add(scalars, name, scalars.size() % Svg.COLOURS, Kind.LINE,
          over(norms, slot.slot(), s -> s.scalars().getOrDefault(name, Double.NaN))));
      List<Series> scale = new ArrayList<>();
      add(scale, "slope", 0, Kind.LINE, over(norms, slot.slot(), Event.Slot::slope)); // alpha of DyT, 1/sqrt(beta) of DyISRU
      add(scale, "1/std of input", 1, Kind.DASHED, over(norms, slot.slot(), Event.Slot::invStd));
      List<Series> saturation = new ArrayList<>();
      add(saturation, "saturation, %", 2, Kind.LINE, over(norms, slot.slot(), s -> 100 * s.saturation()));
      List<Series> gradient = new ArrayList<>();
      add(gradient, "gradient at output, RMS", 3, Kind.LINE, over(norms, slot.slot(), Event.Slot::outGradRms));
      List<Chart> charts = Stream.of(chart(Scale.FROM_ZERO, scalars), chart(Scale.LOG, scale),
          chart(Scale.PERCENT, saturation), chart(Scale.FROM_ZERO, gradient)).filter(chart -> !chart.series().isEmpty())
          .toList();
      if (charts.isEmpty()) {
        continue;
      }
      html.append("<div class=\"slot\"><h3>").append(escape(slot.slot())).append(" <span>").append(escape(slot.type()))
          .append("</span></h3><div class=\"pair\">");
      charts.forEach(chart -> html.append(figures.add(chart, Chart.Size.SMALL)));
      html.append("</div></div>\n");
    }
    return html.toString();
  }

  private static Chart chart(Scale scale, List<Series> series) {
    return new Chart("", "", "", scale, series);
  }

  private static List<Point> over(List<Event.Norm> norms, String slot, ToDoubleFunction<Event.Slot> quantity) {
    return norms.stream().flatMap(n -> n.slots().stream().filter(s -> s.slot().equals(slot))
        .map(s -> new Point(n.step(), quantity.applyAsDouble(s)))).toList();
  }

  private static void add(List<Series> series, String name, int colour, Kind kind, List<Point> points) {
    if (points.stream().anyMatch(p -> Double.isFinite(p.y()))) {
      series.add(new Series(name, colour, kind, points));
    }
  }
}
