package norma.train.study;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import norma.train.metrics.Median;
import norma.train.study.StudySummary.Row;

/// A summary in words and numbers, for a terminal, a Markdown page and a web page alike.
public final class SummaryText {
  private static final String BEST = "best val loss";
  /// Columns of [#cells].
  private static final List<String> COLUMNS = List.of("variant", "verdict", BEST, "final",
      "difference of the best", "95 % interval", "BCa", "p (Holm)", "r", "difference of the final", "its p",
      "steps saved", "tokens/s", "peak MiB", "s to baseline's final", "runs");
  private static final List<String> TERMINAL = List.of("variant", BEST, "final", "difference of the best",
      "p (Holm)", "runs", "verdict");

  private SummaryText() {}

  /// What the columns of [#cells] are called.
  static List<String> columns(Study study) {
    return COLUMNS.stream().map(column -> column.equals(BEST) && study.estimates() ? BEST + " (estimate)" : column)
        .toList();
  }

  /// One cell for each of [#columns]. Mean and standard deviation over the seeds that trained to the end.
  static List<String> cells(StudySummary summary, Row row) {
    boolean baseline = row.variant().baseline();
    PairedDifferences best = row.best();
    boolean paired = !baseline && best.pairs() > 0;
    return List.of(row.variant().name(), row.words(), spread(row.completed(CellResult::bestLoss)),
        spread(row.completed(CellResult::finalLoss)), paired ? signed(best.mean()) : "",
        paired ? interval(best.studentInterval()) : "", paired ? interval(best.bootstrapInterval()) : "",
        paired ? p(row.bestP()) : "", paired ? correlation(best.correlation()) : "",
        paired ? signed(row.last().mean()) : "", paired ? p(row.lastP()) : "", paired ? steps(row.stepsSaved()) : "",
        median(row.completed(CellResult::tokensPerSecond)), median(row.completed(CellResult::peakMebibytes)),
        seconds(row), runs(summary, row));
  }

  /// The most important columns, aligned.
  static String terminal(StudySummary summary) {
    int[] columns = TERMINAL.stream().mapToInt(COLUMNS::indexOf).toArray();
    List<List<String>> rows = new ArrayList<>(List.of(columns(summary.study())));
    summary.rows().forEach(row -> rows.add(cells(summary, row)));
    int[] widths = Arrays.stream(columns)
        .map(column -> rows.stream().mapToInt(row -> row.get(column).length()).max().orElse(0)).toArray();
    return rows.stream().map(row -> {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < columns.length; i++) {
        String cell = row.get(columns[i]);
        String pad = " ".repeat(widths[i] - cell.length());
        boolean words = i == 0 || i == columns.length - 1;
        line.append(words ? cell + pad : pad + cell).append("  ");
      }
      return line.toString().stripTrailing();
    }).collect(Collectors.joining("\n"));
  }

  /// For `summary.md`: can be pasted into an issue or a paper's draft.
  ///
  /// @param stability a section of its own, or empty
  static String markdown(StudySummary summary, String stability, String command) {
    Study study = summary.study();
    StringBuilder text = new StringBuilder("# " + study.title() + "\n\n");
    if (!study.note().isEmpty()) {
      text.append(study.note()).append("\n\n");
    }
    text.append(paragraph(summary)).append("\n\n");
    text.append("| ").append(String.join(" | ", columns(study))).append(" |\n|").append("---|".repeat(COLUMNS.size()))
        .append('\n');
    for (Row row : summary.rows()) {
      text.append("| ").append(String.join(" | ", cells(summary, row))).append(" |\n");
    }
    text.append(stability.isEmpty() ? "" : "\n" + stability);
    text.append("\n## Every run\n\nBest validation loss by seed.\n\n| variant | settings | ")
        .append(study.seeds().stream().map(Object::toString).collect(Collectors.joining(" | "))).append(" |\n|---|---|")
        .append("---|".repeat(study.seeds().size())).append('\n');
    for (Row row : summary.rows()) {
      text.append("| ").append(row.variant().name()).append(" | `")
          .append(StudySummary.settings(row.variant(), row.chosen())).append("` | ")
          .append(study.seeds().stream().map(seed -> point(row.results().get(seed))).collect(Collectors.joining(" | ")))
          .append(" |\n");
    }
    for (String remark : remarks(summary)) {
      text.append("\n* ").append(remark);
    }
    return text.append("\n\n").append(method(study)).append("\n\nRepeat with `").append(command).append("`.\n")
        .toString();
  }

  /// What was found, in one paragraph.
  static String paragraph(StudySummary summary) {
    Study study = summary.study();
    StringBuilder text = new StringBuilder(summary.finished() < summary.runs()
        ? String.format(Locale.ROOT, "Not finished: %d of %d runs. ", summary.finished(), summary.runs())
        : "");
    if (!summary.failed().isEmpty()) {
      text.append(String.format(Locale.ROOT, "%d of %d runs failed. ", summary.failed().size(), summary.runs()));
    }
    text.append(String.format(Locale.ROOT, "%d variants, %d seeds each. ", study.variants().size(),
        study.seeds().size()));
    if (PairedDifferences.smallestP(study.seeds().size()) * Math.max(1, study.comparisons()) > Verdict.LEVEL) {
      return text.append(String.format(Locale.ROOT,
          "So few seeds cannot show a difference, however large: the smallest p value is %.3g, %.3g after Holm's correction for %d comparisons.",
          PairedDifferences.smallestP(study.seeds().size()),
          Math.min(1, PairedDifferences.smallestP(study.seeds().size()) * study.comparisons()), study.comparisons()))
          .toString();
    }
    for (Verdict verdict : Verdict.values()) {
      List<String> names = summary.rows().stream().filter(row -> !row.variant().baseline() && row.verdict() == verdict)
          .map(row -> row.variant().name() + (row.best().pairs() == 0
              ? ""
              : String.format(Locale.ROOT, " (%s nats)", signed(row.best().mean()))))
          .toList();
      if (!names.isEmpty()) {
        text.append(capital(verdict.words())).append(": ").append(String.join(", ", names)).append(". ");
      }
    }
    return text.toString().strip();
  }

  /// What else a reader must know.
  static List<String> remarks(StudySummary summary) {
    List<String> remarks = new ArrayList<>();
    steps(summary).ifPresent(remarks::add);
    for (Row row : summary.rows()) {
      String name = row.variant().name();
      if (row.variant().tuned() && row.chosen() != null) {
        remarks.add(name + ": tuning chose " + row.chosen().label() + (row.chosen().atEdge().isEmpty()
            ? ""
            : ", at the edge of its grid in " + String.join(", ", row.chosen().atEdge())
                + ": a wider grid might find a better one"));
      }
      int diverged = row.count(CellResult.DIVERGED);
      if (diverged > 0) {
        remarks.add(String.format(Locale.ROOT,
            "%s: %d of %d runs diverged; its losses are those of the seeds that trained%s", name, diverged,
            row.results().size(),
            Double.isNaN(row.divergedP())
                ? ""
                : String.format(Locale.ROOT, " (McNemar's p of diverging unlike the baseline, uncorrected: %s)",
                    p(row.divergedP()))));
      }
      if (!row.foreign().isEmpty()) {
        remarks.add(name + ": seeds " + row.foreign()
            + " are left out, since baseline and variant come from different machines, builds or texts");
      }
    }
    for (CellResult result : summary.failed()) {
      remarks.add(result.cell() + " failed and is not counted; the next start tries it again: " + result.error());
    }
    return remarks;
  }

  /// If a budget of FLOPs or seconds, or a variant, makes them differ.
  private static Optional<String> steps(StudySummary summary) {
    Map<String, Integer> steps = new LinkedHashMap<>();
    for (Row row : summary.rows()) {
      Study.Candidate chosen = row.chosen();
      if (chosen != null) {
        steps.put(row.variant().name(), chosen.config().train().steps());
      }
    }
    return steps.values().stream().distinct().count() < 2
        ? Optional.empty()
        : Optional.of("Runs have different numbers of steps: " + steps.entrySet().stream()
            .map(e -> String.format(Locale.ROOT, "%s %,d", e.getKey(), e.getValue()))
            .collect(Collectors.joining(", ")));
  }

  /// How the numbers are made.
  static String method(Study study) {
    return (study.estimates()
        ? "Losses are validation losses in nats per character; the best is chosen among estimates on a part of the validation split "
            + "(train.eval_tokens), the final one is exact. They are the "
        : "Losses are exact validation losses in nats per character, ")
        + "mean ± standard deviation over seeds; the best is that of the "
        + "best evaluation of each run. Differences are variant minus baseline with the same seed (same batches, same initial values of "
        + "the parameters that both have); r is the correlation within pairs. Intervals of the mean difference: Student's t, and the BCa "
        + "bootstrap. p: exact two-sided sign-flip test, corrected for all comparisons by Holm's method; up to "
        + Verdict.LEVEL
        + " a difference is called better or worse. Steps saved: how much earlier the baseline's final loss is reached. Tokens/s, peak "
        + "memory of the process during a run, and seconds until the baseline's final loss is first reached (steps times the run's median "
        + "step, evaluation not counted) are medians over seeds.";
  }

  static String signed(double value) {
    return Double.isNaN(value) ? "" : String.format(Locale.ROOT, "%+.4f", value).replace('-', '\u2212');
  }

  static String spread(double[] values) {
    if (values.length == 0) {
      return "";
    }
    double mean = Arrays.stream(values).average().orElseThrow();
    return values.length == 1
        ? String.format(Locale.ROOT, "%.4f", mean)
        : String.format(Locale.ROOT, "%.4f ± %.4f", mean, PairedDifferences.deviation(values));
  }

  private static String interval(PairedDifferences.Interval interval) {
    return Double.isNaN(interval.low()) ? "" : "[" + signed(interval.low()) + ", " + signed(interval.high()) + "]";
  }

  private static String p(double p) {
    return p < 0.001 ? String.format(Locale.ROOT, "%.1e", p) : String.format(Locale.ROOT, "%.3f", p);
  }

  private static String correlation(double r) {
    return Double.isNaN(r) ? "" : String.format(Locale.ROOT, "%.2f", r).replace('-', '\u2212');
  }

  private static String steps(double saved) {
    return Double.isNaN(saved) ? "not reached" : String.format(Locale.ROOT, "%,.0f", saved).replace('-', '\u2212');
  }

  /// Of the runs that have the number.
  private static String median(double[] numbers) {
    double median = Median.ofFinite(numbers);
    return Double.isNaN(median) ? "" : String.format(Locale.ROOT, "%,.0f", median);
  }

  private static String seconds(Row row) {
    boolean compared = row.variant().baseline() ? row.count(CellResult.COMPLETED) > 0 : row.best().pairs() > 0;
    return !compared
        ? ""
        : Double.isNaN(row.secondsToBaseline())
            ? "not reached"
            : String.format(Locale.ROOT, "%,.1f", row.secondsToBaseline());
  }

  private static String runs(StudySummary summary, Row row) {
    int seeds = summary.study().seeds().size();
    int completed = row.count(CellResult.COMPLETED);
    int diverged = row.count(CellResult.DIVERGED);
    int failed = row.count(CellResult.FAILED);
    return completed == seeds
        ? String.valueOf(seeds)
        : completed + " of " + seeds + (diverged == 0 ? "" : ", " + diverged + " diverged")
            + (failed == 0 ? "" : ", " + failed + " failed");
  }

  private static String point(@org.jspecify.annotations.Nullable CellResult result) {
    return result == null
        ? ""
        : result.completed() ? String.format(Locale.ROOT, "%.4f", result.bestLoss()) : result.status();
  }

  private static String capital(String words) {
    return Character.toUpperCase(words.charAt(0)) + words.substring(1);
  }
}
