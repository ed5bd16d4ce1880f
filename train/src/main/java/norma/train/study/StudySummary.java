package norma.train.study;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import norma.train.config.RunConfig;
import norma.train.metrics.Event;
import norma.train.metrics.Median;
import norma.train.report.Decimals;
import norma.train.report.Table;
import norma.train.study.Study.Candidate;
import norma.train.study.Study.Variant;
import org.apache.commons.statistics.distribution.BinomialDistribution;
import org.jspecify.annotations.Nullable;

/// The findings of a study so far.
///
/// @param finished runs with a result, tuning included
/// @param runs     of the whole study
/// @param failed   results of the runs that failed, tuning included; the next start tries them again
/// @param rows     one for each variant, in the study's order
/// @param pools    one for each variant that the grid has at several points on one text
public record StudySummary(Study study, int finished, int runs, List<CellResult> failed, List<Row> rows,
    List<GridPool> pools) {

  public StudySummary {
    failed = List.copyOf(failed);
    rows = List.copyOf(rows);
    pools = List.copyOf(pools);
  }

  /// One variant.
  ///
  /// @param chosen     what tuning chose; null as long as it has not
  /// @param results    by seed
  /// @param best       differences of the best validation losses to the baseline's, of seeds on which both trained to the end
  /// @param bestP      sign-flip p of `best` after Holm's correction over the variants; NaN for a baseline
  /// @param last       the same of the losses after the last step
  /// @param divergedP  of the test that the variant diverges as often as the baseline on the same seeds (McNemar, exact)
  /// @param stepsSaved mean over the seeds: steps earlier than the baseline's last at which its last loss is reached; infinite if it is
  ///                   not reached on every seed, NaN if a run has no curve any more
  /// @param secondsToBaseline median over the seeds: seconds of training, at the run's median step, until the baseline's last loss is
  ///                   reached, evaluation and all else not counted; infinite and NaN as above
  /// @param foreign    seeds left out because the two runs come from different machines or builds
  /// @param deciding   seeds that show a difference like the one seen with a probability of 0.8, if too few were run; 0 if that is not known
  public record Row(Variant variant, @Nullable Candidate chosen, Map<Long, CellResult> results,
      PairedDifferences best, double bestP, PairedDifferences last, double lastP, double divergedP, double stepsSaved,
      double secondsToBaseline, List<Long> foreign, Verdict verdict, int deciding) {
    public Row {
      results = new LinkedHashMap<>(results);
      foreign = List.copyOf(foreign);
    }

    /// The configuration, for any seed: with what tuning chose, or as long as it has not with its first try.
    public RunConfig config() {
      return (chosen == null ? variant.candidates().getFirst() : chosen).config();
    }

    /// Number of runs that ended so.
    public int count(String status) {
      return (int) results.values().stream().filter(result -> result.status().equals(status)).count();
    }

    /// Number of runs that ended and learned nothing that counts.
    int untrained() {
      return (int) results.values().stream().filter(CellResult::untrained).count();
    }

    /// A number of every run that was trained to the end.
    public double[] completed(ToDoubleFunction<CellResult> number) {
      return results.values().stream().filter(CellResult::completed).mapToDouble(number).toArray();
    }

    /// The verdict in words.
    public String words() {
      if (variant.baseline()) {
        return "baseline";
      }
      boolean some = count(CellResult.DIVERGED) > 0 || !Double.isNaN(divergedP); // of the baseline's, too
      boolean compared = verdict != Verdict.DOES_NOT_TRAIN && verdict != Verdict.NO_PAIRS;
      return verdict.text(best, deciding) + (some && compared ? ", of the seeds that trained" : "");
    }
  }

  /// Summarizes a study's folder as it is now.
  public static StudySummary of(StudyFolder folder) {
    Study study = folder.study();
    List<CellResult> ended = folder.cells().stream().map(folder::result).filter(Objects::nonNull).toList();
    List<Pairs> all = study.variants().stream()
        .map(variant -> Pairs.of(variant, folder.reported(variant), folder.reported(study.baselineOf(variant))))
        .toList();
    List<PairedDifferences> best = all.stream().map(pairs -> pairs.differences(CellResult::bestLoss)).toList();
    List<PairedDifferences> last = all.stream().map(pairs -> pairs.differences(CellResult::finalLoss)).toList();
    double[] bestP = holm(best, study);
    double[] lastP = holm(last, study);
    SignFlipPower power = new SignFlipPower(study.comparisons());
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      Pairs pairs = all.get(i);
      Verdict verdict = Verdict.of(pairs.results.values(), folder.reported(study.baselineOf(pairs.subject)).values(),
          best.get(i), bestP[i], study.comparisons());
      rows.add(new Row(pairs.subject, folder.winner(pairs.subject).orElse(null), pairs.results, best.get(i), bestP[i],
          last.get(i), lastP[i], mcNemar(pairs.onlyVariant, pairs.onlyBaseline), pairs.stepsSaved(folder),
          pairs.secondsToBaseline(folder), pairs.foreign, verdict,
          verdict == Verdict.TOO_FEW_SEEDS ? power.pairs(best.get(i).effect()) : 0));
    }
    return new StudySummary(study, ended.size(), study.runs(), ended.stream().filter(CellResult::failed).toList(),
        rows, GridPool.of(points(all)));
  }

  /// Losses on different tokens have no mean.
  private static List<GridPool.Points> points(List<Pairs> all) {
    return all.stream().filter(pairs -> !pairs.subject.baseline())
        .collect(Collectors.groupingBy(
            pairs -> List.of(pairs.subject.base(), pairs.subject.candidates().getFirst().validation()),
            LinkedHashMap::new, Collectors.toList()))
        .values().stream().filter(points -> points.size() > 1)
        .map(points -> {
          List<String> common = new ArrayList<>(points.getFirst().subject.point());
          points.forEach(pairs -> common.retainAll(pairs.subject.point()));
          return new GridPool.Points(points.getFirst().subject.base(), String.join(" ", common), points.size(),
              points.stream().flatMap(pairs -> pairs.compared.stream())
                  .map(pair -> new GridPool.Pair(pair.seed, pair.variant.bestLoss(), pair.baseline.bestLoss()))
                  .toList());
        }).toList();
  }

  private static double[] holm(List<PairedDifferences> differences, Study study) {
    return PairedDifferences.holm(differences.stream().mapToDouble(PairedDifferences::signFlipP).toArray(),
        study.comparisons());
  }

  /// The baseline of a row.
  Row baselineOf(Row row) {
    Variant baseline = study.baselineOf(row.variant);
    return rows.stream().filter(other -> other.variant.equals(baseline)).findFirst().orElseThrow();
  }

  /// The reported results of all variants.
  Stream<CellResult> results() {
    return rows.stream().flatMap(row -> row.results.values().stream());
  }

  /// Runs without a result.
  public int left() {
    return runs - finished;
  }

  /// A variant's runs beside the baseline's with the same seeds; none for a baseline.
  ///
  /// @param results      all of the variant's, by seed
  /// @param foreign      seeds whose runs trained to the end on different machines or builds
  /// @param onlyVariant  seeds on which the variant diverged and the baseline trained
  /// @param onlyBaseline the other way round
  private record Pairs(Variant subject, Map<Long, CellResult> results, List<Pair> compared, List<Long> foreign,
      int onlyVariant, int onlyBaseline) {
    private record Pair(long seed, CellResult variant, CellResult baseline) {}

    static Pairs of(Variant subject, Map<Long, CellResult> results, Map<Long, CellResult> baselines) {
      List<Pair> compared = new ArrayList<>();
      List<Long> foreign = new ArrayList<>();
      int[] only = new int[2];
      results.forEach((seed, mine) -> {
        CellResult other = baselines.get(seed);
        if (other == null || subject.baseline()) {
          return;
        }
        only[0] += mine.diverged() && other.completed() ? 1 : 0;
        only[1] += other.diverged() && mine.completed() ? 1 : 0;
        if (comparable(mine, other)) {
          compared.add(new Pair(seed, mine, other));
        } else if (mine.completed() && other.completed()) {
          foreign.add(seed);
        }
      });
      return new Pairs(subject, results, compared, foreign, only[0], only[1]);
    }

    PairedDifferences differences(ToDoubleFunction<CellResult> number) {
      return new PairedDifferences(compared.stream().map(Pair::variant).mapToDouble(number).toArray(),
          compared.stream().map(Pair::baseline).mapToDouble(number).toArray());
    }

    double stepsSaved(StudyFolder folder) {
      return compared.stream().mapToDouble(pair -> pair.baseline.steps()
          - crossing(folder.reading(pair.variant).evals(), folder.reading(pair.baseline).lastLoss())).average()
          .orElse(Double.NaN);
    }

    /// A baseline's own last loss is reached by itself.
    double secondsToBaseline(StudyFolder folder) {
      double[] seconds = subject.baseline()
          ? results.values().stream().filter(CellResult::completed).mapToDouble(own -> secondsTo(folder, own, own))
              .toArray()
          : compared.stream().mapToDouble(pair -> secondsTo(folder, pair.variant, pair.baseline)).toArray();
      double most = Arrays.stream(seconds).max().orElse(Double.NaN); // NaN if any is
      return Double.isFinite(most) ? Median.of(seconds) : most;
    }
  }

  /// Says whether two runs were trained to the end on one machine, with one build and one text.
  private static boolean comparable(CellResult run, CellResult other) {
    return run.completed() && other.completed() && run.fingerprint().equals(other.fingerprint());
  }

  /// Two-sided, of the seeds on which only one of two diverged; NaN if there is none.
  static double mcNemar(int onlyVariant, int onlyBaseline) {
    int discordant = onlyVariant + onlyBaseline;
    if (discordant == 0) {
      return Double.NaN;
    }
    double tail = BinomialDistribution.of(discordant, 0.5).cumulativeProbability(Math.min(onlyVariant, onlyBaseline));
    return Math.min(1, 2 * tail);
  }

  /// Training until another run's last loss is first reached: that many steps of the run's median length.
  private static double secondsTo(StudyFolder folder, CellResult result, CellResult other) {
    RunReading run = folder.reading(result);
    return crossing(run.evals(), folder.reading(other).lastLoss()) * run.stepMillis() / 1e3;
  }

  /// The step at which a curve first reaches a loss, between two evaluations in proportion; infinite if it does not, NaN of no curve or no loss.
  static double crossing(List<Event.Eval> curve, double loss) {
    for (int i = 0; i < curve.size(); i++) {
      Event.Eval here = curve.get(i);
      if (here.valLoss() <= loss) {
        if (i == 0) {
          return here.step();
        }
        Event.Eval before = curve.get(i - 1);
        double share = (before.valLoss() - loss) / (before.valLoss() - here.valLoss());
        return before.step() + share * (here.step() - before.step());
      }
    }
    return curve.isEmpty() || Double.isNaN(loss) ? Double.NaN : Double.POSITIVE_INFINITY;
  }

  /// One row a run, tuning included.
  static String csv(StudyFolder folder) {
    Study study = folder.study();
    Map<Variant, Map<Long, CellResult>> baselines = new HashMap<>();
    record Run(Study.Cell cell, Variant variant, CellResult result, double secondsToBaseline) {}
    List<Run> runs = new ArrayList<>();
    for (Study.Cell cell : folder.cells()) {
      CellResult result = folder.result(cell);
      if (result != null) {
        CellResult baseline = cell.tuning()
            ? null
            : baselines.computeIfAbsent(study.baselineOf(cell.variant()), folder::reported).get(cell.seed());
        runs.add(new Run(cell, cell.variant(), result, baseline != null && comparable(result, baseline)
            ? secondsTo(folder, result, baseline)
            : Double.NaN));
      }
    }
    return new Table<Run>().text("study", run -> study.name()).text("variant", run -> run.variant.name())
        .text("group", run -> run.variant.group()).text("baseline", run -> String.valueOf(run.variant.baseline()))
        .text("purpose", run -> run.cell.tuning() ? "tune" : "report")
        .text("settings", run -> settings(run.variant, run.cell.candidate()))
        .text("seed", run -> String.valueOf(run.cell.seed())).text("status", run -> run.result.status())
        .text("best_val_loss", run -> number(run.result.bestLoss()))
        .text("best_step", run -> String.valueOf(run.result.bestStep()))
        .text("final_val_loss", run -> number(run.result.finalLoss()))
        .text("int8_val_loss", run -> number(run.result.int8Loss()))
        .text("steps", run -> String.valueOf(run.result.steps()))
        .text("seconds", run -> Decimals.formatOr("", "%.1f", run.result.seconds()))
        .text("tokens_per_s", run -> Decimals.formatOr("", "%.0f", run.result.tokensPerSecond()))
        .text("peak_rss_mib", run -> Decimals.formatOr("", "%.0f", run.result.peakMebibytes()))
        .text("seconds_to_baseline", run -> Decimals.formatOr("", "%.2f", run.secondsToBaseline))
        .text("folder", run -> run.result.folder()).text("error", run -> run.result.error()).csv(runs);
  }

  /// The settings in which a run of a variant differs from the base.
  static String settings(Variant variant, @Nullable Candidate candidate) {
    List<String> all = new ArrayList<>(variant.settings());
    if (candidate != null && !candidate.label().isEmpty()) {
      all.add(candidate.label());
    }
    return String.join(" ", all);
  }

  private static String number(double value) {
    return Double.isFinite(value) ? Objects.toString(value) : "";
  }
}
