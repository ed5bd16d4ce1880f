package norma.train.study;

import java.util.ArrayList;
import java.util.List;
import norma.train.report.Axis;
import norma.train.report.Frame;
import norma.train.report.Svg;
import norma.train.report.Ticks;
import norma.train.study.StabilityCard.Rate;
import norma.train.study.StabilityCard.Run;
import norma.train.study.StabilityCard.Sweep;

/// Capped final loss over the learning rate, which has a logarithmic axis: the mean of each variant as a line, every seed as a dot, a cross for one that
/// diverged. Nothing is left out above: what rises there is what one looks for.
final class SweepPlot {
  private static final int FONT = 13;
  private static final double CHARACTER = 7.8;
  private static final int ROW = 20;
  private static final int LEFT = 62;
  private static final int BELOW = 50;

  private final List<Sweep> sweeps;
  private final int width;
  private final int height;
  private final Frame frame;

  private SweepPlot(List<Sweep> sweeps, int width, int height) {
    this.sweeps = sweeps;
    this.width = width;
    this.height = height;
    List<Double> rates = sweeps.stream().flatMap(sweep -> sweep.rates().stream()).map(Rate::lr).toList();
    double[] losses = sweeps.stream().flatMapToDouble(sweep -> sweep.rates().stream().flatMapToDouble(
        rate -> rate.runs().keySet().stream().mapToDouble(seed -> sweep.cappedLoss(rate, seed))))
        .filter(Double::isFinite).sorted().toArray();
    Ticks y = losses.length == 0
        ? Ticks.around(0, 1, 4)
        : Ticks.around(losses[0], losses[losses.length - 1], Math.max(3, height / 60));
    this.frame = new Frame(Axis.at(rates, StabilityText::rate).between(LEFT, width - 16),
        Axis.linear(y).between(height - BELOW, 12 + ROW * (1 + place(sweeps.size() - 1).row())), FONT);
  }

  /// As many figures as it takes to tell the curves apart, each for wide and for narrow pages; empty before the first loss.
  static String figures(StabilityCard card) {
    List<Sweep> all = card.sweeps().stream()
        .filter(sweep -> sweep.rates().stream().anyMatch(rate -> !Double.isNaN(sweep.cappedLoss(rate)))).toList();
    StringBuilder html = new StringBuilder();
    for (int from = 0; from < all.size(); from += Svg.COLOURS) {
      List<Sweep> some = all.subList(from, Math.min(all.size(), from + Svg.COLOURS));
      html.append("<figure>").append(new SweepPlot(some, 720, 420).svg("chart wide"))
          .append(new SweepPlot(some, 360, 360).svg("chart narrow")).append("</figure>\n");
    }
    return html.toString();
  }

  private String svg(String place) {
    Svg svg = new Svg(width, height, FONT, "final loss over the learning rate", "class", place);
    frame.draw(svg);
    frame.titles(svg, height, "learning rate", "final loss (nats/character)");
    for (int i = 0; i < sweeps.size(); i++) {
      Place label = place(i);
      double line = 4 + ROW * (label.row + 0.5);
      svg.colour(i);
      svg.leaf("line", "x1", label.x, "x2", label.x + 18, "y1", line, "y2", line, "stroke", "currentColor",
          "stroke-width", 2);
      svg.leaf("circle", "cx", label.x + 9, "cy", line, "r", 3.2, "fill", "currentColor");
      svg.ink(label.x + 24, line + FONT * 0.35, "start", sweeps.get(i).name());
      curve(svg, sweeps.get(i));
      svg.close();
    }
    return svg.end();
  }

  private void curve(Svg svg, Sweep sweep) {
    StringBuilder path = new StringBuilder();
    for (Rate rate : sweep.rates()) {
      double x = frame.x().at(rate.lr());
      double mean = sweep.cappedLoss(rate);
      if (!Double.isNaN(mean)) {
        path.append(path.isEmpty() ? 'M' : 'L').append(Svg.join(x, frame.y().at(mean)));
        svg.leaf("circle", "cx", x, "cy", frame.y().at(mean), "r", 3.2, "fill", "currentColor");
      }
      rate.runs().forEach((seed, run) -> point(svg, run, x, sweep.cappedLoss(rate, seed)));
    }
    svg.leaf("path", "d", path.toString(), "fill", "none", "stroke", "currentColor", "stroke-width", 2,
        "stroke-linejoin", "round");
  }

  private void point(Svg svg, Run run, double x, double loss) {
    if (Double.isNaN(loss)) {
      return;
    }
    if (run.completed()) {
      svg.leaf("circle", "cx", x, "cy", frame.y().at(loss), "r", 2.2, "fill", "currentColor", "fill-opacity", 0.5);
    } else {
      svg.leaf("path", "d", "M" + Svg.join(x - 4, frame.y().at(loss) - 4) + "l8 8m0 -8l-8 8", "fill", "none", "stroke",
          "currentColor", "stroke-width", 1.6);
    }
  }

  private record Place(double x, int row) {}

  /// Of a variant's name in the legend, in rows as wide as the plot.
  private Place place(int index) {
    List<Place> places = new ArrayList<>();
    double x = LEFT;
    int row = 0;
    for (Sweep sweep : sweeps) {
      double needed = 34 + sweep.name().length() * CHARACTER;
      if (x > LEFT && x + needed > width) {
        x = LEFT;
        row++;
      }
      places.add(new Place(x, row));
      x += needed;
    }
    return places.get(index);
  }
}
