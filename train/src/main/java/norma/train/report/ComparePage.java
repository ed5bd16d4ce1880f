package norma.train.report;

import norma.train.files.WholeFile;
import norma.train.metrics.Metrics;
import norma.train.metrics.Event;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import norma.train.report.Series.Kind;
import norma.train.report.Series.Point;

/// Makes `compare.html`: the loss curves of several runs over each other, and how the runs differ.
public final class ComparePage {
  private ComparePage() {}

  /// A run that is compared.
  public record Run(String name, Metrics metrics) {}

  /// Writes the page.
  ///
  /// @param file to write
  /// @param runs in groups whose losses are comparable, by title, which may be empty: no chart has runs of two
  /// @param text the table and the differences, as the terminal shows them
  /// @throws IOException if it cannot be written
  public static void write(Path file, Map<String, List<Run>> runs, String text) throws IOException {
    WholeFile.write(file, page(runs, text, ""));
  }

  /// The page itself.
  ///
  /// @param live script that follows the runs; may be empty
  public static String page(Map<String, List<Run>> runs, String text, String live) {
    Figures figures = new Figures();
    StringBuilder charts = new StringBuilder();
    runs.forEach((title, group) -> {
      charts.append(title.isEmpty() ? "" : "<h3>" + Svg.escape(title) + "</h3>\n");
      charts(charts, figures, group);
    });
    String names = runs.values().stream().flatMap(List::stream).map(Run::name).collect(Collectors.joining(", "));
    return Template.page("compare.html", names + ": comparison").put("charts", charts.toString())
        .put("apart", runs.size() > 1 ? "yes" : "").put("text", text).put("data", figures.json()).put("live", live)
        .fill();
  }

  private static void charts(StringBuilder charts, Figures figures, List<Run> runs) {
    for (int from = 0; from < runs.size(); from += Svg.COLOURS) { // more would not be told apart
      List<Series> validation = new ArrayList<>();
      List<Series> training = new ArrayList<>();
      for (int i = from; i < Math.min(runs.size(), from + Svg.COLOURS); i++) {
        add(validation, runs.get(i).name, i - from, Kind.MARKED, runs.get(i).metrics.of(Event.Eval.class).stream()
            .map(eval -> new Point(eval.step(), eval.valLoss())).toList());
        List<Point> steps = runs.get(i).metrics.of(Event.Step.class).stream()
            .map(step -> new Point(step.step(), step.loss())).toList();
        add(training, runs.get(i).name, i - from, Kind.LINE, Series.mean(steps));
      }
      boolean exact = runs.stream().flatMap(run -> run.metrics.of(Event.Eval.class).stream())
          .allMatch(eval -> eval.valTokens() == 0);
      add(charts, figures, exact ? "exact validation loss" : "validation loss (some estimates)", validation);
      add(charts, figures, "training loss, means of 5 % of it", training);
    }
  }

  private static void add(List<Series> series, String name, int colour, Kind kind, List<Point> points) {
    if (!points.isEmpty()) {
      series.add(new Series(name, colour, kind, points));
    }
  }

  private static void add(StringBuilder html, Figures figures, String title, List<Series> series) {
    if (!series.isEmpty()) {
      html.append(figures.add(new Chart(title, "step", "loss (nats)", Chart.Scale.TIGHT, series),
          Chart.Size.PAGE, Chart.Size.PHONE));
    }
  }
}
