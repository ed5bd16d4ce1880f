package norma.train.study;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import norma.train.report.Chart;
import norma.train.report.Event;
import norma.train.report.Figures;
import norma.train.report.Series;
import norma.train.report.Series.Kind;
import norma.train.report.Series.Point;

/// Curves of all variants over the steps: the mean over the seeds as a line, from the lowest to the highest seed shaded.
final class StudyCurves {
  private final List<Observed> variants;
  private final Figures figures;

  StudyCurves(List<Observed> variants, Figures figures) {
    this.variants = variants;
    this.figures = figures;
  }

  /// Exact validation loss, of the whole training and of its second half, where variants are close together.
  String losses() {
    int last = variants.stream().flatMap(v -> v.runs().stream()).flatMap(run -> run.evals().stream())
        .mapToInt(Event.Eval::step).max().orElse(0);
    String quantity = "validation loss (nats/character)";
    return charts(quantity, Chart.Size.PAGE, (run, curve) -> add(run, curve, 0))
        + charts(quantity, Chart.Size.PAGE, (run, curve) -> add(run, curve, last / 2));
  }

  private static void add(RunReading run, SeedCurve curve, int from) {
    run.evals().stream().filter(eval -> eval.step() >= from).forEach(eval -> curve.add(eval.step(), eval.valLoss()));
  }

  /// Largest attention logit, and log Z of the output.
  String outputs() {
    return charts("largest attention logit", Chart.Size.SLOT,
        (run, curve) -> run.norms().forEach(norm -> curve.add(norm.step(), norm.maxAttentionLogit())))
        + charts("mean log Z of the output", Chart.Size.SLOT,
            (run, curve) -> run.norms().forEach(norm -> curve.add(norm.step(), norm.logZ())));
  }

  /// A chart for each group, several where there are more variants than colours.
  private String charts(String quantity, Chart.Size size, BiConsumer<RunReading, SeedCurve> read) {
    StringBuilder html = new StringBuilder();
    for (Map.Entry<String, List<Observed>> group : Observed.groups(variants).entrySet()) {
      List<Observed> members = group.getValue();
      for (int from = 0; from < members.size(); from += Chart.COLOURS) {
        List<Series> series = new ArrayList<>();
        List<Observed> shown = members.subList(from, Math.min(members.size(), from + Chart.COLOURS));
        for (int colour = 0; colour < shown.size(); colour++) {
          SeedCurve curve = new SeedCurve();
          shown.get(colour).runs().forEach(run -> read.accept(run, curve));
          if (!curve.isEmpty()) {
            series.add(series(shown.get(colour), colour, curve.means()));
          }
        }
        if (!series.isEmpty()) {
          Chart chart = new Chart(group.getKey(), "step", quantity, false, series);
          html.append(size.equals(Chart.Size.PAGE)
              ? figures.add(chart, size, Chart.Size.PHONE)
              : figures.add(chart, size));
        }
      }
    }
    return html.toString();
  }

  private static Series series(Observed variant, int colour, List<Point> points) {
    boolean trained = variant.row().count(CellResult.COMPLETED) > 0;
    return new Series(variant.name() + (trained ? "" : ", diverged"), colour, Kind.LINE, points);
  }
}
