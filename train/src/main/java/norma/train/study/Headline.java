package norma.train.study;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import norma.train.report.Decimals;
import norma.train.study.StudySummary.Row;

/// The findings of a study in one paragraph, the answer first. More seeds are asked for only where a comparison is left that they can decide.
public final class Headline {
  private final StudySummary summary;

  private Headline(StudySummary summary) {
    this.summary = summary;
  }

  /// The paragraph of a study as it is now.
  public static String of(StudySummary summary) {
    return String.join(" ", new Headline(summary).sentences());
  }

  private List<String> sentences() {
    Study study = summary.study();
    List<String> sentences = new ArrayList<>();
    if (summary.finished() < summary.runs()) {
      sentences.add("Not finished: " + summary.finished() + " of " + summary.runs() + " runs.");
    }
    if (!summary.failed().isEmpty()) {
      sentences.add(summary.failed().size() + " of " + summary.runs() + " runs failed.");
    }
    GridCurves.of(summary).answer().ifPresent(answer -> sentences.add(answer + "."));
    for (Verdict verdict : Verdict.values()) {
      List<Row> rows = summary.rows().stream().filter(row -> !row.variant().baseline() && row.verdict() == verdict)
          .toList();
      if (!rows.isEmpty()) {
        sentences.add(verdict == Verdict.DOES_NOT_TRAIN ? doNotTrain(rows) : named(verdict, rows));
      }
    }
    baselines().ifPresent(sentences::add);
    fewSeeds().ifPresent(sentences::add);
    sentences.add(Decimals.counted(study.variants().size(), "variant") + ", "
        + Decimals.counted(study.seeds().size(), "seed") + (study.variants().size() == 1 ? "." : " each."));
    return sentences;
  }

  private static String named(Verdict verdict, List<Row> rows) {
    return Character.toUpperCase(verdict.words().charAt(0)) + verdict.words().substring(1) + ": "
        + rows.stream().map(row -> row.variant().name() + (row.best().pairs() == 0
            ? ""
            : " (" + SummaryText.signed(row.best().mean()) + " nats)")).collect(Collectors.joining(", "))
        + ".";
  }

  /// Differences to the baseline would say how far it came, and nothing of these.
  private static String doNotTrain(List<Row> rows) {
    List<String> names = rows.stream().map(row -> row.variant().name()).toList();
    int[] steps = rows.stream().mapToInt(row -> row.config().train().steps()).distinct().toArray();
    int last = names.size() - 1;
    return (last == 0
        ? names.getFirst() + " does"
        : String.join(", ", names.subList(0, last)) + " and " + names.get(last) + " do")
        + " not train" + (steps.length == 1 ? " in " + Decimals.counted(steps[0], "step") : "") + ".";
  }

  /// Baselines of which some runs did not train; of a study that compares nothing, its variants.
  private Optional<String> baselines() {
    List<String> idle = summary.rows().stream().filter(row -> row.variant().baseline() && row.untrained() > 0)
        .map(row -> String.format(Locale.ROOT, "%s does not train on %d of %s", row.variant().name(), row.untrained(),
            Decimals.counted(row.results().size(), "seed")))
        .toList();
    return idle.isEmpty()
        ? Optional.empty()
        : Optional.of((summary.study().comparisons() == 0 ? "" : "The baseline ") + String.join(", ", idle) + ".");
  }

  /// Why so few seeds give no verdict, however alike the pairs are; nothing where there are enough, or no comparison is left.
  private Optional<String> fewSeeds() {
    int seeds = summary.study().seeds().size();
    int comparisons = summary.study().comparisons();
    double least = PairedDifferences.smallestP(seeds);
    List<Row> open = summary.rows().stream().filter(row -> !row.variant().baseline()
        && (row.verdict() == Verdict.TOO_FEW_SEEDS || row.verdict() == Verdict.NOT_RUN)).toList();
    if (open.isEmpty() || least * comparisons <= Verdict.LEVEL) {
      return Optional.empty();
    }
    OptionalInt enough = IntStream.rangeClosed(seeds + 1, Math.max(seeds, PairedDifferences.ENUMERATED) + 1)
        .filter(n -> PairedDifferences.smallestP(n) * comparisons <= Verdict.LEVEL).findFirst();
    String corrected = comparisons == 1
        ? ""
        : " (" + Decimals.plain(Math.min(1, least * comparisons)) + " after Holm's correction for " + comparisons
            + " comparisons)";
    return Optional.of(alike(open).map(pairs -> pairs + ", but the").orElse("The") + " smallest p that " + seeds
        + " seeds can give is 2/2^" + seeds + " = " + Decimals.plain(least) + corrected + ", above " + Verdict.LEVEL
        + " whatever the losses are"
        + (enough.isEmpty() ? "." : ", so only more seeds can decide: " + enough.getAsInt() + " or more."));
  }

  /// Says so if the pairs of all these variants have one sign.
  private Optional<String> alike(List<Row> open) {
    double[] all = open.stream().flatMapToDouble(row -> Arrays.stream(row.best().all())).toArray();
    boolean alike = all.length > 1
        && (Arrays.stream(all).allMatch(d -> d < 0) || Arrays.stream(all).allMatch(d -> d > 0));
    String whose = open.size() == summary.study().comparisons()
        ? ""
        : " of " + open.stream().map(row -> row.variant().name()).collect(Collectors.joining(", "));
    return alike
        ? Optional.of("All " + all.length + " pairs" + whose + " are " + (all[0] < 0 ? "lower" : "higher")
            + " than their baseline")
        : Optional.empty();
  }
}
