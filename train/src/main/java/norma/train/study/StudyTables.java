package norma.train.study;

import static norma.train.report.Svg.escape;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import norma.train.config.RunConfig;
import norma.train.config.RunConfigWriter;
import norma.train.files.ShellText;
import norma.train.report.Decimals;
import norma.train.report.Table;
import norma.train.report.Template;
import norma.train.study.StudySummary.Row;

/// The tables of a study's page, and the configurations that it compares.
final class StudyTables {
  private StudyTables() {}

  /// Every run with what reproduces it.
  ///
  /// @param reports whether the runs' own reports lie below the page
  static String runs(StudySummary summary, boolean reports) {
    record Run(Row row, long seed, CellResult result) {}
    List<Run> runs = new ArrayList<>();
    summary.rows().forEach(row -> row.results().forEach((seed, result) -> runs.add(new Run(row, seed, result))));
    Table<Run> table = new Table<Run>().name("variant", run -> run.row.variant().name())
        .number("seed", run -> Long.toString(run.seed))
        .number(summary.study().estimates() ? "best (estimate)" : "best",
            run -> loss(run.result, run.result.bestLoss()))
        .number("final", run -> loss(run.result, run.result.finalLoss()));
    return (reports ? table.markup("report", run -> link(run.result.folder())) : table)
        .markup("the same run alone",
            run -> "<code>" + escape(command(run.row.config().withSeed(run.seed))) + "</code>")
        .html("runs", runs);
  }

  /// Trains one run of a study by itself, from Norma's defaults: no file of the study is needed.
  static String command(RunConfig config) {
    return "norma train" + ShellText.of(RunConfigWriter.settings(config));
  }

  /// Each variant's resolved configuration, below how it differs from the baseline's.
  static String configs(StudySummary summary) {
    StringBuilder html = new StringBuilder();
    for (Row row : summary.rows()) {
      String differences = row.variant().baseline()
          ? summary.study().comparisons() == 0 ? "" : "baseline"
          : RunConfigWriter.differences(summary.baselineOf(row).config(), row.config()).stream()
              .map(d -> d.path() + ": " + d.left() + " \u2192 " + d.right()).collect(Collectors.joining("; "));
      String open = row.chosen() == null ? ", the first of " + row.variant().candidates().size() + " tries" : "";
      html.append(Template.details(false, escape(row.variant().name()) + " <span class=\"note\">"
          + escape(differences + open) + "</span>", "<pre>" + escape(RunConfigWriter.yaml(row.config())) + "</pre>"));
    }
    return html.toString();
  }

  /// To the run's own report, which lies below the study's.
  private static String link(String run) {
    return run.isEmpty() ? "" : "<a href=\"" + escape(run) + "/report.html\">report</a>";
  }

  private static String loss(CellResult result, double loss) {
    return Decimals.formatOr(result.completed() ? "" : result.status(), "%.4f", loss);
  }
}
