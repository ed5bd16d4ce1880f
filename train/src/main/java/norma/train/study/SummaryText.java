package norma.train.study;

import java.util.ArrayList;
import java.util.Comparator;
import norma.train.files.TimedFolder;
import java.nio.file.Path;
import norma.train.config.RunConfig;
import norma.train.run.Comparability;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import norma.train.metrics.Median;
import norma.train.report.Decimals;
import norma.train.report.Table;
import norma.train.study.StudySummary.Row;

/// A summary in words and numbers, for a terminal, a Markdown page and a web page alike.
public final class SummaryText {
  private static final String VARIANT = "variant";
  /// The first 40 are slower, so of fewer than five times as many the median would not be that of a warm machine.
  private static final int WARM_STEPS = 200;
  private static final String NOT_REACHED = "not reached";

  private SummaryText() {}

  /// All that is known of each variant; tables take their columns from it. Mean and standard deviation over the seeds that trained to the end.
  private static Table<Row> all(StudySummary summary) {
    return new Table<Row>().name(VARIANT, row -> row.variant().name())
        .number(best(summary.study()), row -> spread(row.completed(CellResult::bestLoss)))
        .number("95 % interval",
            row -> losses(PairedDifferences.alone(row.completed(CellResult::bestLoss)).studentInterval()))
        .number("difference, 95 % interval",
            paired(row -> (signed(row.best().mean()) + " " + interval(row.best().studentInterval())).strip()))
        .number("p (Holm)", paired(row -> p(row.bestP()))).text("verdict", Row::words)
        .number("BCa interval", paired(row -> interval(row.best().bootstrapInterval())))
        .number("r", paired(row -> Decimals.signed("%.2f", row.best().correlation())))
        .number("final", row -> spread(row.completed(CellResult::finalLoss)))
        .number("its difference", paired(row -> signed(row.last().mean())))
        .number("its p", paired(row -> p(row.lastP()))).number("steps saved", paired(row -> steps(row.stepsSaved())))
        .number("runs", row -> runs(summary, row))
        .number("tokens/s", row -> median(row.completed(CellResult::tokensPerSecond)))
        .number("peak MiB", row -> median(row.completed(CellResult::peakMebibytes)))
        .number("s to baseline's final", SummaryText::seconds);
  }

  /// The answer.
  static Table<Row> table(StudySummary summary) {
    return compares(summary)
        ? all(summary).only(VARIANT, best(summary.study()), "difference, 95 % interval", "p (Holm)", "verdict")
        : alone(summary);
  }

  /// The answer of a study that compares nothing.
  private static Table<Row> alone(StudySummary summary) {
    return all(summary).only(VARIANT, best(summary.study()), "95 % interval", "final", "runs");
  }

  private static boolean compares(StudySummary summary) {
    return summary.study().comparisons() > 0;
  }

  /// The numbers that the answer does not need; nothing where nothing is compared.
  static Optional<Table<Row>> details(StudySummary summary) {
    return compares(summary)
        ? Optional.of(all(summary).only(VARIANT, "BCa interval", "r", "final", "its difference", "its p", "steps saved",
            "runs"))
        : Optional.empty();
  }

  /// Speed and memory; empty where runs are so short that speed is mostly the warm-up of the virtual machine.
  static Optional<Table<Row>> speed(StudySummary summary) {
    boolean warm = summary.results().anyMatch(result -> result.completed() && result.steps() >= WARM_STEPS);
    Table<Row> all = all(summary);
    return !warm
        ? Optional.empty()
        : Optional.of(compares(summary)
            ? all.only(VARIANT, "tokens/s", "peak MiB", "s to baseline's final")
            : all.only(VARIANT, "tokens/s", "peak MiB"));
  }

  private static String best(Study study) {
    return study.estimates() ? "best val loss (estimate)" : "best val loss";
  }

  private static Function<Row, String> paired(Function<Row, String> text) {
    return row -> row.variant().baseline() || row.best().pairs() == 0 ? "" : text.apply(row);
  }

  /// The answer and how the runs ended, aligned.
  public static String terminal(StudySummary summary) {
    Table<Row> table = compares(summary)
        ? all(summary).only(VARIANT, best(summary.study()), "difference, 95 % interval", "p (Holm)", "runs", "verdict")
        : alone(summary);
    return String.join("\n", table.lines(summary.rows()));
  }

  /// Writes `summary.md`, which can be pasted into an issue or a paper's draft.
  ///
  /// @param stability a section of its own, or empty
  static String markdown(StudySummary summary, String stability, String command) {
    Study study = summary.study();
    StringBuilder text = new StringBuilder("# " + study.title() + "\n\n");
    if (!study.note().isEmpty()) {
      text.append(study.note()).append("\n\n");
    }
    text.append(Headline.of(summary)).append("\n\n").append(table(summary).markdown(summary.rows())).append("\n")
        .append(setting(summary, "`" + command + "`")).append("\n");
    remarks(summary).forEach(remark -> text.append("\n* ").append(remark));
    text.append("\n\n").append(method(study)).append("\n");
    details(summary)
        .ifPresent(table -> text.append("\n## More numbers\n\n").append(table.markdown(summary.rows())));
    speed(summary).ifPresent(table -> text.append("\n## Speed\n\n").append(table.markdown(summary.rows())));
    return text.append(stability.isEmpty() ? "" : "\n" + stability)
        .append("\n## Every run\n\nBest validation loss by seed.\n\n").append(everyRun(study).markdown(summary.rows()))
        .toString();
  }

  /// What was trained, on what, where and when, in one line.
  ///
  /// @param command that repeats it, as it is to be shown
  static String setting(StudySummary summary, String command) {
    Study study = summary.study();
    List<Study.Candidate> candidates = study.candidates().toList();
    // One that failed may have begun nowhere.
    List<CellResult> results = summary.results().filter(result -> !result.failed()).toList();
    List<String> parts = new ArrayList<>();
    parts.add("GPT of " + each(candidates, c -> c.config().model().layers()) + " blocks, width "
        + each(candidates, c -> c.config().model().width()) + ", context "
        + each(candidates, c -> c.config().model().context()));
    parts.add("corpus " + each(candidates, c -> corpus(c.config().data().corpus()) + " (sha256 "
        + Comparability.shown(c.text()) + ")"));
    parts.add("steps of " + each(candidates,
        c -> c.config().train().sequences() * c.config().model().context())
        + " " + study.token() + "s: " + study.steps());
    parts.add("learning rate " + each(candidates, c -> Decimals.setting(c.config().optim().lr())));
    parts.add("seeds " + study.seeds().stream().map(String::valueOf).collect(Collectors.joining(", ")));
    parts.add(each(results, result -> result.fingerprint().getOrDefault("cpu", "")));
    parts.add(each(results, result -> "Norma " + result.fingerprint().getOrDefault("norma", "")));
    parts.add(results.stream().flatMap(result -> TimedFolder.day(Path.of(result.folder())).stream())
        .max(Comparator.naturalOrder()).orElse(""));
    parts.add(command);
    return parts.stream().filter(part -> !part.isBlank()).collect(Collectors.joining("; ")) + ".";
  }

  /// A built-in text by its name, a file without its folder.
  private static String corpus(RunConfig.Corpus corpus) {
    return switch (corpus) {
      case RunConfig.Corpus.Named named -> named.source().substring(named.source().lastIndexOf('/') + 1);
      case RunConfig.Corpus.Download download -> download.url().toString();
    };
  }

  /// A number or a word that all have, or all that some have.
  private static <T> String each(List<T> all, Function<T, Object> of) {
    return all.stream().map(of).map(String::valueOf).distinct().collect(Collectors.joining(" or "));
  }

  private static Table<Row> everyRun(Study study) {
    Table<Row> table = new Table<Row>().name("variant", row -> row.variant().name())
        .text("settings", row -> {
          String settings = StudySummary.settings(row.variant(), row.chosen());
          return settings.isEmpty() ? "the base" : "`" + settings + "`";
        });
    for (long seed : study.seeds()) {
      table = table.number(Long.toString(seed), row -> point(row.results().get(seed)));
    }
    return table;
  }

  /// A line for each variant over the grid, if it trains at some point.
  static List<String> pools(StudySummary summary) {
    return summary.pools().stream().filter(pool -> pool.best().pairs() > 0 && summary.rows().stream()
        .anyMatch(row -> row.variant().base().equals(pool.variant()) && row.verdict() != Verdict.DOES_NOT_TRAIN))
        .map(pool -> String.format(Locale.ROOT,
            "%s%s over %d points of the grid: %d of %d pairs better; pooled %s, 95 %% interval %s, sign-flip over %d seeds p %s%s: %s",
            pool.variant(), pool.common().isEmpty() ? "" : " at " + pool.common(), pool.points(), pool.better(),
            pool.pairs(), signed(pool.best().mean()),
            interval(pool.best().studentInterval()), pool.best().pairs(), p(pool.p()),
            summary.pools().size() == 1 ? "" : " (Holm, " + summary.pools().size() + " comparisons)",
            pool.verdict().text(pool.best(), 0)))
        .toList();
  }

  /// Remarks that a reader must know.
  public static List<String> remarks(StudySummary summary) {
    List<String> remarks = new ArrayList<>(pools(summary));
    remarks.addAll(GridCurves.of(summary).remarks());
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
      String unlike = Double.isNaN(row.divergedP())
          ? ""
          : " (McNemar's p of diverging unlike the baseline, uncorrected: " + p(row.divergedP()) + ")";
      if (diverged > 0) {
        remarks.add(String.format(Locale.ROOT,
            "%s: %d of %d runs diverged; its losses are those of the seeds that trained%s", name, diverged,
            row.results().size(), unlike));
      } else if (!unlike.isEmpty()) {
        Row baseline = summary.baselineOf(row);
        remarks.add(String.format(Locale.ROOT, "%s: the baseline diverged on %d of %s, the variant on none%s", name,
            baseline.count(CellResult.DIVERGED), Decimals.counted(baseline.results().size(), "seed"), unlike));
      }
      if (!row.foreign().isEmpty()) {
        remarks.add(name + ": seeds " + row.foreign()
            + " are left out, since baseline and variant come from different machines, builds or texts");
      }
    }
    named(summary, CellResult.Learned.FREQUENCIES, "learned only")
        .ifPresent(
            words -> remarks
                .add(words + ": more steps, another rate or larger initial weights (model.init.std) may change that"));
    named(summary, CellResult.Learned.LESS, "did not even reach")
        .ifPresent(words -> remarks.add(words + ": too few steps, or too low a rate"));
    for (CellResult result : summary.failed()) {
      remarks.add(result.cell() + " failed and is not counted; the next start tries it again: " + result.error());
    }
    return remarks;
  }

  /// Names the variants with runs that have learned so much of the tokens' frequencies; nothing without one.
  private static Optional<String> named(StudySummary summary, CellResult.Learned learned, String verb) {
    List<CellResult> all = new ArrayList<>();
    List<String> names = new ArrayList<>();
    for (Row row : summary.rows()) {
      List<CellResult> runs = row.results().values().stream().filter(run -> run.learned() == learned).toList();
      all.addAll(runs);
      if (!runs.isEmpty()) {
        names.add(row.variant().name() + " (" + runs.size() + " of " + row.results().size() + " runs)");
      }
    }
    return all.isEmpty()
        ? Optional.empty()
        : Optional.of(String.format(Locale.ROOT, "%s %s the frequencies of the %ss, which alone give a loss of %.2f",
            String.join(", ", names), verb, summary.study().token(),
            Median.of(all.stream().map(CellResult::unigramLoss).toList())));
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
        ? "Losses are validation losses in nats per " + study.token()
            + "; the best is chosen among estimates on a part of the validation split "
            + "(train.eval_tokens), the final one is exact. They are the "
        : "Losses are exact validation losses in nats per " + study.token() + ", ")
        + "mean ± standard deviation over seeds; the best is that of the "
        + "best evaluation of each run." + (study.comparisons() == 0
            ? " Intervals of the mean: Student's t, 95 %. Tokens/s and peak memory of the process during a run are medians over seeds."
            : " Differences are variant minus baseline with the same seed (same batches, same initial values of "
                + "the parameters that both have); r is the correlation within pairs. Intervals of the mean difference: Student's t, and the BCa "
                + "bootstrap. p: two-sided sign-flip test, exact up to 20 pairs, corrected for all comparisons by Holm's method; up to "
                + Verdict.LEVEL
                + " a difference is called better or worse. Steps saved: how much earlier the loss at the end of the baseline's curve is reached. Tokens/s, peak "
                + "memory of the process during a run, and seconds until that loss is first reached (steps times the run's median "
                + "step, evaluation not counted) are medians over seeds.");
  }

  static String signed(double value) {
    return Decimals.signed("%+.4f", value);
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

  static String interval(PairedDifferences.Interval interval) {
    return Double.isNaN(interval.low()) ? "" : "[" + signed(interval.low()) + ", " + signed(interval.high()) + "]";
  }

  /// An interval of losses, which have no sign.
  static String losses(PairedDifferences.Interval interval) {
    return Double.isNaN(interval.low())
        ? ""
        : String.format(Locale.ROOT, "[%.4f, %.4f]", interval.low(), interval.high());
  }

  private static String p(double p) {
    return p < 0.001 ? String.format(Locale.ROOT, "%.1e", p) : String.format(Locale.ROOT, "%.3f", p);
  }

  private static String steps(double saved) {
    return Double.isInfinite(saved) ? NOT_REACHED : Decimals.signed("%,.0f", saved);
  }

  /// Median of the runs that have the number.
  private static String median(double[] numbers) {
    return Decimals.formatOr("", "%,.0f", Median.ofFinite(numbers));
  }

  private static String seconds(Row row) {
    double seconds = row.secondsToBaseline();
    return Double.isInfinite(seconds) ? NOT_REACHED : Decimals.formatOr("", "%,.1f", seconds);
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
}
