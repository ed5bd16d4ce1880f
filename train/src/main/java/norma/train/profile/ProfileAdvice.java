package norma.train.profile;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import norma.train.config.RunConfig;
import norma.train.report.Decimals;
import norma.train.report.Table;
import norma.train.run.StepTimer;

/// What follows from a profile, for its end.
public final class ProfileAdvice {
  private static final int COSTLIEST = 6;
  /// Milliseconds of a step that is worth another measurement: a longer one has enough for several threads, and takes longer to measure.
  private static final double SMALL_STEP = 20;
  /// By which one thread must be faster to be advised: less is the machine's noise.
  private static final double FASTER = 1.1;

  /// Milliseconds that the search for a batch that is worth all threads may take.
  private static final double MOST_MILLIS = 2000;

  private ProfileAdvice() {}

  /// The rows that cost most, those of all blocks together, the costliest first: with the factor that the machine could be faster.
  public static List<String> costliest(Profile profile) {
    List<Row> rows = Row.overBlocks(profile.rows()).stream()
        .sorted(Comparator.comparingDouble(Row::share).reversed()).limit(COSTLIEST).toList();
    return new Table<Row>().name("costliest", Row::name).number("ms", row -> ProfileTables.millis(row.millis()))
        .number("share", row -> Decimals.percent(row.share()))
        .number("\u00d7 roof", row -> Decimals.digits(row.distance())).lines(rows);
  }

  /// Whether one thread takes a small step faster than all, and with which batch it does not: measures them.
  public static List<String> threads(Profile profile) {
    RunConfig config = profile.config();
    int threads = profile.peaks().threads();
    double step = profile.steps().plain().median();
    if (step > SMALL_STEP || threads == 1) {
      return List.of();
    }
    double ratio = ratio(config, threads);
    int batch = config.train().batch();
    double millis = 0;
    for (int factor = 2; factor <= 4 && ratio >= FASTER; factor *= 2) {
      millis += 2 * StepTimer.STEPS * step * factor;
      if (millis <= MOST_MILLIS && ratio(config.withBatch(factor * batch), threads) < 1 / FASTER) {
        return threads(threads, ratio, factor * batch);
      }
    }
    return threads(threads, ratio, 0);
  }

  /// Time of a step with all threads over that with one.
  private static double ratio(RunConfig config, int threads) {
    double[] millis = StepTimer.medians(List.of(config.with(OptionalInt.of(threads)), config.with(OptionalInt.of(1))),
        threads);
    return millis[0] / millis[1];
  }

  /// @param ratio time with all threads over that with one
  /// @param batch with which all threads are faster; 0 if that is not known
  static List<String> threads(int threads, double ratio, int batch) {
    return ratio < FASTER
        ? List.of()
        : List.of(String.format(Locale.ROOT,
            "advice   the step is too small for %d threads: one is %.1f times as fast (runtime.threads=1); %s", threads,
            ratio, batch == 0
                ? "a larger train.batch gives each more to do"
                : "from train.batch=" + batch + " on all pay"));
  }

  /// The cases whose speed is not told apart from the first one's by its quartiles.
  static List<String> noise(List<CaseFigures> cases) {
    String alike = cases.stream().skip(1).filter(one -> one.speed().low() <= 1 && one.speed().high() >= 1)
        .map(CaseFigures::name).collect(Collectors.joining(", "));
    return alike.isEmpty()
        ? List.of()
        : List.of("not separable from noise, by the quartiles of speed: " + alike + " and " + cases.getFirst().name()
            + "; --steps measures more rounds");
  }
}
