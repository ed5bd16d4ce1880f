package norma.train.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import norma.train.report.Series.Kind;
import norma.train.report.Series.Point;

/// Makes `compare.html`: the loss curves of several runs over each other, and how the runs differ.
public final class ComparePage {
  private ComparePage() {}

  /// Writes the page.
  ///
  /// @param file    to write
  /// @param names   of the runs
  /// @param metrics of the runs, in the same order
  /// @param text    the table and the differences, as the terminal shows them
  /// @throws IOException if it cannot be written
  public static void write(Path file, List<String> names, List<Metrics> metrics, String text) throws IOException {
    Figures figures = new Figures();
    StringBuilder charts = new StringBuilder();
    for (int from = 0; from < names.size(); from += Svg.COLOURS) { // more would not be told apart
      List<Series> validation = new ArrayList<>();
      List<Series> training = new ArrayList<>();
      for (int i = from; i < Math.min(names.size(), from + Svg.COLOURS); i++) {
        add(validation, names.get(i), i - from, Kind.MARKED, metrics.get(i).of(Event.Eval.class).stream()
            .map(eval -> new Point(eval.step(), eval.valLoss())).toList());
        List<Point> steps = metrics.get(i).of(Event.Step.class).stream()
            .map(step -> new Point(step.step(), step.loss())).filter(p -> Double.isFinite(p.y())).toList();
        add(training, names.get(i), i - from, Kind.LINE, Series.smooth(steps, steps.size() / Series.MEAN_SHARE));
      }
      add(charts, figures, "exact validation loss", validation);
      add(charts, figures, "training loss, mean of a twentieth of the run", training);
    }
    Files.writeString(file, Template.page("compare.html", String.join(", ", names) + ": comparison")
        .put("charts", charts.toString()).put("text", text).put("data", figures.json()).fill());
  }

  private static void add(List<Series> series, String name, int colour, Kind kind, List<Point> points) {
    if (!points.isEmpty()) {
      series.add(new Series(name, colour, kind, points));
    }
  }

  private static void add(StringBuilder html, Figures figures, String title, List<Series> series) {
    if (!series.isEmpty()) {
      html.append(figures.add(new Chart(title, "step", "loss (nats/character)", false, series), Chart.Size.PAGE,
          Chart.Size.PHONE));
    }
  }
}
