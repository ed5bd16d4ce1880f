package norma.train.study;

import static norma.train.report.Svg.escape;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import norma.train.config.RunConfig;
import norma.train.config.RunConfigWriter;
import norma.train.files.ShellText;
import norma.train.study.Study.Variant;
import norma.train.study.StudySummary.Row;

/// The tables of a study's page, and the configurations that it compares.
final class StudyTables {
  private StudyTables() {}

  /// A row for each variant with its verdict.
  static String results(StudySummary summary) {
    StringBuilder html = new StringBuilder("<thead><tr>");
    SummaryText.columns(summary.study())
        .forEach(column -> html.append("<th scope=\"col\">").append(escape(column)).append("</th>"));
    html.append("</tr></thead>\n<tbody>\n");
    for (Row row : summary.rows()) {
      html.append("<tr>");
      List<String> cells = SummaryText.cells(summary, row);
      for (int i = 0; i < cells.size(); i++) {
        String tag = i == 0 ? "th scope=\"row\"" : i == 1 ? "td class=\"words\"" : "td class=\"n\"";
        html.append('<').append(tag).append('>').append(escape(cells.get(i))).append(i == 0 ? "</th>" : "</td>");
      }
      html.append("</tr>\n");
    }
    return html.append("</tbody>").toString();
  }

  /// Every run with what reproduces it.
  static String runs(StudySummary summary) {
    StringBuilder html = new StringBuilder("<thead><tr>");
    List.of("variant", "seed", summary.study().estimates() ? "best (estimate)" : "best", "final", "report",
        "the same run alone")
        .forEach(column -> html.append("<th scope=\"col\">").append(column).append("</th>"));
    html.append("</tr></thead>\n<tbody>\n");
    for (Row row : summary.rows()) {
      row.results().forEach((seed, result) -> html.append("<tr><th scope=\"row\">")
          .append(escape(row.variant().name())).append("</th><td class=\"n\">").append(seed)
          .append("</td><td class=\"n\">").append(loss(result, result.bestLoss())).append("</td><td class=\"n\">")
          .append(loss(result, result.finalLoss())).append("</td><td>").append(link(result.folder()))
          .append("</td><td><code>").append(escape(command(row.config().withSeed(seed))))
          .append("</code></td></tr>\n"));
    }
    return html.append("</tbody>").toString();
  }

  /// Trains one run of a study by itself, from Norma's defaults: no file of the study is needed.
  static String command(RunConfig config) {
    return RunConfigWriter.settings(config).stream().map(setting -> " " + ShellText.of(setting))
        .collect(Collectors.joining("", "norma train", ""));
  }

  /// Each variant's resolved configuration, below how it differs from the baseline's.
  static String configs(StudySummary summary) {
    StringBuilder html = new StringBuilder();
    for (Row row : summary.rows()) {
      Variant baseline = summary.study().baselineOf(row.variant());
      Row other = summary.rows().stream().filter(r -> r.variant().equals(baseline)).findFirst().orElseThrow();
      String differences = row.variant().baseline()
          ? "baseline"
          : RunConfigWriter.differences(other.config(), row.config()).stream()
              .map(d -> d.path() + ": " + d.left() + " \u2192 " + d.right()).collect(Collectors.joining("; "));
      String open = row.chosen() == null ? ", the first of " + row.variant().candidates().size() + " tries" : "";
      html.append("<details><summary>").append(escape(row.variant().name())).append(" <span class=\"note\">")
          .append(escape(differences + open)).append("</span></summary><pre>")
          .append(escape(RunConfigWriter.yaml(row.config()))).append("</pre></details>\n");
    }
    return html.toString();
  }

  /// To the run's own report, which lies below the study's.
  private static String link(String run) {
    return run.isEmpty() ? "" : "<a href=\"" + escape(run) + "/report.html\">report</a>";
  }

  private static String loss(CellResult result, double loss) {
    return Double.isFinite(loss)
        ? String.format(Locale.ROOT, "%.4f", loss)
        : result.completed() ? "" : escape(result.status());
  }
}
