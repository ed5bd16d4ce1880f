package norma.train.study;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import norma.train.disk.WholeFile;
import norma.train.report.Chart;
import norma.train.report.Figures;
import norma.train.report.Svg;
import norma.train.report.Template;

/// Writes what a study has found into its folder: `results.csv`, `summary.md`, `report.html`; and `study.json`, from which
/// they can be made again.
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

  /// Writes all files, of all runs that have ended.
  ///
  /// @param command that repeats the study
  /// @return what they say
  public static StudySummary write(StudyFolder folder, String command) throws IOException {
    StudyFile.write(folder, command);
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
    FormulaFit exact = study.targets().getLast().fits().getLast();
    Path file = folder.resolve("report.html");
    Files.createDirectories(folder);
    Files.writeString(file, Template.page("outliers.html", "Outliers")
        .put("table", String.join("\n", study.lines()))
        .put("beta", String.format(java.util.Locale.ROOT, "%.4f", exact.numbers().get("beta")))
        .put("figures", figures.toString())
        .fill());
    return file;
  }

  /// Writes the page of an inspection.
  ///
  /// @param run whose it is
  public static void writeInspection(Inspection inspection, Path run, Path file) throws IOException {
    StringBuilder figures = new StringBuilder();
    for (Inspection.Slot slot : inspection.slots()) {
      figures.append("<figure>").append(Inspection.chart(slot).svg(Chart.Size.SLOT, "class", "chart"))
          .append("</figure>\n");
    }
    String name = String.valueOf(run.toAbsolutePath().normalize().getFileName());
    WholeFile.write(file, Template.page("inspect.html", name + ": normalization slots").put("name", name)
        .put("table", String.join("\n", inspection.lines()))
        .put("correlation", Double.isNaN(inspection.correlation())
            ? ""
            : String.format(java.util.Locale.ROOT, "%.3f", inspection.correlation()))
        .put("figures", figures.toString()).fill());
  }

  private String html() throws IOException {
    Study study = folder.study();
    List<Observed> variants = Observed.of(folder, summary);
    StudyCurves curves = new StudyCurves(variants, figures);
    String strip = DifferencePlot.svg(summary, 720, "chart wide") + DifferencePlot.svg(summary, 360, "chart narrow");
    return Template.page("study.html", study.title() + ": study").put("name", study.title())
        .put("state", summary.finished() == summary.runs() ? "completed" : "unfinished").put("note", study.note())
        .put("verdict", SummaryText.paragraph(summary)).put("table", StudyTables.results(summary))
        .put("remarks", SummaryText.remarks(summary).stream().map(r -> "<li>" + Svg.escape(r) + "</li>\n")
            .collect(Collectors.joining()))
        .put("method", SummaryText.method(study)).put("strip", strip).put("effects", SlotEffects.of(summary))
        .put("stability", StabilityText.html(stability)).put("curves", curves.losses())
        .put("slots", SlotMaps.of(variants))
        .put("probes", ProbeCharts.of(variants, figures)).put("outputs", curves.outputs())
        .put("layers", LayerTable.sums(variants)).put("layersByBlock", LayerTable.byBlock(variants))
        .put("runs", StudyTables.runs(summary)).put("runCount", String.valueOf(runCount()))
        .put("configs", StudyTables.configs(summary)).put("command", command).put("data", figures.json()).fill();
  }

  private long runCount() {
    return summary.rows().stream().mapToLong(row -> row.results().size()).sum();
  }
}
