package norma.train.study;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import norma.train.metrics.Event;
import norma.train.report.Chart;
import norma.train.report.Figures;
import norma.train.report.Series;
import norma.train.report.Series.Kind;
import norma.train.report.Series.Point;
import norma.train.report.Svg;

/// Curves of all variants over the steps: the mean over the seeds as a line, from the lowest to the highest seed shaded.
record StudyCurves(List<VariantRuns> variants, Figures figures) {
  /// Evaluations of the second half that show more than the whole does.
  private static final int FEWEST = 4;

  StudyCurves {
    variants = List.copyOf(variants);
  }

  /// Exact validation loss, of the whole training and, where that has enough evaluations, of its second half, where variants are close
  /// together. Of a study with a grid a row of two charts for each point.
  String losses() {
    int[] beginnings = beginnings();
    Map<String, List<VariantRuns>> groups = VariantRuns.groups(variants);
    Chart.Size size = groups.size() > 1 ? Chart.Size.SLOT : Chart.Size.PAGE;
    StringBuilder html = new StringBuilder();
    groups.forEach((title, members) -> {
      for (int from : beginnings) {
        html.append(charts(title, members, "validation loss (nats)", size,
            (run, curve) -> run.evals().stream().filter(eval -> eval.step() >= from)
                .forEach(eval -> curve.add(eval.step(), eval.valLoss()))));
      }
    });
    return html.isEmpty() || groups.size() == 1 ? html.toString() : "<div class=\"slots\">" + html + "</div>";
  }

  /// The caption of [#losses].
  String lossesNote() {
    boolean lines = variants.stream().flatMap(v -> v.runs().stream()).anyMatch(run -> run.evals().size() > 1);
    return lines
        ? (beginnings().length > 1 ? "Of the whole training and of its second half. " : "")
            + "Lines are means over the seeds, the shading reaches from the lowest to the highest seed."
        : "Each run has one evaluation, so a variant is a dot: the mean over the seeds. "
            + "For lines, train.eval_every must be below the number of steps.";
  }

  /// The steps at which charts begin: the first and, where enough evaluations follow, the middle.
  private int[] beginnings() {
    int[] steps = variants.stream().flatMap(v -> v.runs().stream()).flatMap(run -> run.evals().stream())
        .mapToInt(Event.Eval::step).distinct().toArray();
    int half = Arrays.stream(steps).max().orElse(0) / 2;
    return Arrays.stream(steps).filter(step -> step >= half).count() < FEWEST ? new int[]{ 0 } : new int[]{ 0, half };
  }

  /// Largest attention logit, and log Z of the output.
  String outputs() {
    StringBuilder html = new StringBuilder();
    VariantRuns.groups(variants).forEach((title, members) -> html
        .append(charts(title, members, "largest attention logit", Chart.Size.SLOT,
            (run, curve) -> run.norms().forEach(norm -> curve.add(norm.step(), norm.maxAttentionLogit()))))
        .append(charts(title, members, "mean log Z of the output", Chart.Size.SLOT,
            (run, curve) -> run.norms().forEach(norm -> curve.add(norm.step(), norm.logZ())))));
    return html.toString();
  }

  /// A chart, or several where there are more variants than colours.
  private String charts(String title, List<VariantRuns> members, String quantity, Chart.Size size,
      BiConsumer<RunReading, SeedCurve> read) {
    StringBuilder html = new StringBuilder();
    for (int from = 0; from < members.size(); from += Svg.COLOURS) {
      List<Series> series = new ArrayList<>();
      List<VariantRuns> shown = members.subList(from, Math.min(members.size(), from + Svg.COLOURS));
      for (int colour = 0; colour < shown.size(); colour++) {
        SeedCurve curve = new SeedCurve();
        shown.get(colour).runs().forEach(run -> read.accept(run, curve));
        if (!curve.isEmpty()) {
          series.add(series(shown.get(colour), colour, curve.means()));
        }
      }
      if (!series.isEmpty()) {
        Chart chart = new Chart(title, "step", quantity, Chart.Scale.TIGHT, series);
        html.append(size.equals(Chart.Size.PAGE)
            ? figures.add(chart, size, Chart.Size.PHONE)
            : figures.add(chart, size));
      }
    }
    return html.toString();
  }

  private static Series series(VariantRuns variant, int colour, List<Point> points) {
    boolean trained = variant.row().count(CellResult.COMPLETED) > 0;
    return new Series(variant.name() + (trained ? "" : ", diverged"), colour, Kind.LINE, points);
  }
}
