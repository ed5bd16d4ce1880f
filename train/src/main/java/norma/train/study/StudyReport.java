package norma.train.study;

import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;
import norma.train.report.Decimals;
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

  private StudyReport(StudyFolder folder, String command) {
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
    folder.writeWhole(folder.path().resolve("report.html"), report.html(""));
    return report.summary;
  }

  /// The page of a study as it stands now.
  ///
  /// @param command that repeats the study
  /// @param live    script that follows the study
  public static String page(StudyFolder folder, String command, String live) {
    return new StudyReport(folder, command).html(live);
  }

  private String html(String live) {
    Study study = folder.study();
    List<VariantRuns> variants = VariantRuns.of(folder, summary);
    StudyCurves curves = new StudyCurves(variants, figures);
    String strip = DifferencePlot.svg(summary, 720, "chart wide") + DifferencePlot.svg(summary, 360, "chart narrow");
    return Template.page("study.html", study.title() + ": study").put("name", study.title())
        .put("state", summary.left() == 0 && summary.failed().isEmpty() ? "completed" : "unfinished")
        .put("note", study.note())
        .put("verdict", Headline.of(summary))
        .put("table", SummaryText.table(summary).html("", summary.rows()))
        .put("setting", SummaryText.setting(summary, command))
        .put("details", SummaryText.details(summary).map(table -> table.html("", summary.rows())).orElse(""))
        .put("speed", SummaryText.speed(summary).map(table -> table.html("", summary.rows())).orElse(""))
        .put("remarks", SummaryText.remarks(summary).stream().map(r -> "<li>" + Svg.escape(r) + "</li>\n")
            .collect(Collectors.joining()))
        .put("method", SummaryText.method(study)).put("strip", strip).put("effects", SlotEffects.of(summary))
        .put("grid", grid())
        .put("stability", StabilityText.html(stability)).put("curves", curves.losses())
        .put("curvesNote", curves.lossesNote())
        .put("slots", SlotMaps.of(variants))
        .put("probes", ProbeCharts.of(variants, figures))
        .put("probesRange", ProbeCharts.range(variants)).put("outputs", curves.outputs())
        .put("layers", LayerTable.sums(variants)).put("layersByBlock", LayerTable.byBlock(variants))
        .put("runs", StudyTables.runs(summary, live.isEmpty()))
        .put("runCount", Decimals.counted(summary.results().count(), "run"))
        .put("configs", StudyTables.configs(summary)).put("command", command).put("data", figures.json())
        .put("live", live).fill();
  }

  private String grid() {
    GridCurves curves = GridCurves.of(summary);
    return curves.rows().isEmpty() ? "" : curves.charts() + curves.table().html("", curves.rows());
  }
}
