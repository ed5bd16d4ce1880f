package norma.train.study;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import norma.train.report.Chart;
import norma.train.report.Event;
import norma.train.report.Figures;
import norma.train.report.Metrics;
import norma.train.report.Series;
import norma.train.report.Series.Kind;
import norma.train.report.Series.Point;
import norma.train.report.Svg;
import norma.train.report.Template;
import norma.train.study.StudySummary.Row;

/// Writes what a study has found into its folder: `results.csv`, `summary.md`, `report.html`.
public final class StudyReport {
  private final StudyFolder folder;
  private final StudySummary summary;
  private final StabilityCard stability;
  private final String command;
  private final Figures figures = new Figures();

  private StudyReport(StudyFolder folder, String command) throws IOException {
    this.folder = folder;
    this.summary = StudySummary.of(folder);
    this.stability = StabilityCard.of(folder);
    this.command = command;
  }

  /// Writes all three files, of all runs that have ended.
  ///
  /// @param command that repeats the study
  /// @return what they say
  public static StudySummary write(StudyFolder folder, String command) throws IOException {
    StudyReport report = new StudyReport(folder, command);
    folder.writeWhole(folder.path().resolve("results.csv"), StudySummary.csv(folder));
    folder.writeWhole(folder.path().resolve("summary.md"),
        SummaryText.markdown(report.summary, StabilityText.markdown(report.stability), command));
    folder.writeWhole(folder.path().resolve("report.html"), report.html());
    return report.summary;
  }

  /// Writes the page of the DyISRU paper's demonstration.
  ///
  /// @return the file
  public static Path writeOutliers(OutlierStudy study, Path folder) throws IOException {
    StringBuilder figures = new StringBuilder();
    for (int i = 0; i < study.targets().size(); i++) {
      figures.append("<section><h2>").append(Svg.escape(study.targets().get(i).name())).append("</h2><figure>");
      for (Chart chart : List.of(study.charts().get(i), study.residualCharts().get(i))) {
        figures.append(chart.svg(Chart.Size.PAGE, "class", "chart wide"))
            .append(chart.svg(Chart.Size.PHONE, "class", "chart narrow"));
      }
      figures.append("</figure></section>\n");
    }
    OneParameterFit exact = study.targets().getLast().fits().getLast();
    Path file = folder.resolve("report.html");
    Files.createDirectories(folder);
    Files.writeString(file, new Template("outliers.html").put("css", Template.resource("report.css"))
        .put("table", String.join("\n", study.lines()))
        .put("beta", String.format(java.util.Locale.ROOT, "%.4f", exact.parameter())).put("figures", figures.toString())
        .fill());
    return file;
  }

  /// Writes `inspect.html` into a run's folder.
  ///
  /// @return the file
  public static Path writeInspection(Inspection inspection, Path run) throws IOException {
    StringBuilder figures = new StringBuilder();
    for (Inspection.Slot slot : inspection.slots()) {
      figures.append("<figure>").append(Inspection.chart(slot).svg(Chart.Size.SLOT, "class", "chart"))
          .append("</figure>\n");
    }
    Path file = run.resolve("inspect.html");
    Files.writeString(file, new Template("inspect.html").put("css", Template.resource("report.css"))
        .put("name", String.valueOf(run.toAbsolutePath().normalize().getFileName()))
        .put("table", String.join("\n", inspection.lines()))
        .put("correlation", Double.isNaN(inspection.correlation())
            ? ""
            : String.format(java.util.Locale.ROOT, "%.3f", inspection.correlation()))
        .put("figures", figures.toString()).fill());
    return file;
  }

  private String html() throws IOException {
    Study study = folder.study();
    String strip = DifferencePlot.svg(summary, 720, "chart wide") + DifferencePlot.svg(summary, 360, "chart narrow");
    return new Template("study.html").put("css", Template.resource("report.css"))
        .put("js", Template.resource("report.js")).put("name", study.title())
        .put("state", summary.finished() == summary.runs() ? "completed" : "unfinished").put("note", study.note())
        .put("verdict", SummaryText.paragraph(summary)).put("table", table())
        .put("remarks", SummaryText.remarks(summary).stream().map(r -> "<li>" + Svg.escape(r) + "</li>\n")
            .collect(Collectors.joining()))
        .put("method", SummaryText.method()).put("curves", curves()).put("strip", strip)
        .put("stability", StabilityText.html(stability))
        .put("runs", runs()).put("command", command).put("data", figures.json()).fill();
  }

  private String table() {
    StringBuilder html = new StringBuilder("<thead><tr>");
    SummaryText.COLUMNS.forEach(column -> html.append("<th scope=\"col\">").append(Svg.escape(column)).append("</th>"));
    html.append("</tr></thead>\n<tbody>\n");
    for (Row row : summary.rows()) {
      html.append("<tr>");
      List<String> cells = SummaryText.cells(summary, row);
      for (int i = 0; i < cells.size(); i++) {
        boolean words = i < 2;
        html.append(words ? "<td>" : "<td class=\"n\">").append(Svg.escape(cells.get(i))).append("</td>");
      }
      html.append("</tr>\n");
    }
    return html.append("</tbody>").toString();
  }

  /// Every run with what reproduces it.
  private String runs() throws IOException {
    StringBuilder html = new StringBuilder(
        "<thead><tr><th>variant</th><th>seed</th><th>settings</th><th>best</th><th>final</th><th>folder</th></tr></thead>\n<tbody>\n");
    for (Row row : summary.rows()) {
      row.results().forEach((seed, result) -> html.append("<tr><td>").append(Svg.escape(row.variant().name()))
          .append("</td><td class=\"n\">").append(seed).append("</td><td>")
          .append(Svg.escape(StudySummary.settings(row.variant(), row.chosen()))).append("</td><td class=\"n\">")
          .append(loss(result.bestLoss())).append("</td><td class=\"n\">").append(loss(result.finalLoss()))
          .append("</td><td>").append(link(result.folder())).append("</td></tr>\n"));
    }
    return html.append("</tbody>").toString();
  }

  /// To the run's own report, which lies below the study's.
  private static String link(String run) {
    return run.isEmpty()
        ? ""
        : "<a href=\"" + Svg.escape(run) + "/report.html\">" + Svg.escape(run.substring(run.indexOf('/') + 1))
            + "</a>";
  }

  private static String loss(double loss) {
    return Double.isFinite(loss) ? String.format(java.util.Locale.ROOT, "%.4f", loss) : "";
  }

  /// Validation loss over the steps, a chart for each group: the mean over the seeds as a line, every seed lightly.
  private String curves() throws IOException {
    Map<String, List<Row>> groups = summary.rows().stream()
        .collect(Collectors.groupingBy(row -> row.variant().group(), LinkedHashMap::new, Collectors.toList()));
    StringBuilder html = new StringBuilder();
    for (Map.Entry<String, List<Row>> group : groups.entrySet()) {
      List<Row> rows = group.getValue();
      for (int from = 0; from < rows.size(); from += Chart.COLOURS) { // more would not be told apart
        List<Series> series = new ArrayList<>();
        List<Row> shown = rows.subList(from, Math.min(rows.size(), from + Chart.COLOURS));
        for (int colour = 0; colour < shown.size(); colour++) {
          series.addAll(curves(shown.get(colour), colour));
        }
        if (!series.isEmpty()) {
          html.append(figures.add(new Chart(group.getKey(), "step", "validation loss (nats/character)", false, series),
              Chart.Size.PAGE, Chart.Size.PHONE));
        }
      }
    }
    return html.toString();
  }

  private List<Series> curves(Row row, int colour) throws IOException {
    Map<Integer, List<Double>> byStep = new TreeMap<>();
    for (CellResult result : row.results().values()) {
      if (!result.folder().isEmpty() && Files.isDirectory(folder.path().resolve(result.folder()))) {
        for (Event.Eval eval : Metrics.read(folder.path().resolve(result.folder())).of(Event.Eval.class)) {
          byStep.computeIfAbsent(eval.step(), step -> new ArrayList<>()).add(eval.valLoss());
        }
      }
    }
    List<Point> all = new ArrayList<>();
    List<Point> mean = new ArrayList<>();
    byStep.forEach((step, losses) -> {
      double[] values = losses.stream().mapToDouble(Double::doubleValue).toArray();
      Arrays.stream(values).forEach(value -> all.add(new Point(step, value)));
      mean.add(new Point(step, Arrays.stream(values).average().orElseThrow()));
    });
    return mean.isEmpty()
        ? List.of()
        : List.of(new Series(row.variant().name(), colour, Kind.LINE, mean),
            new Series(Series.UNNAMED, colour, Kind.POINTS, all));
  }
}
