package norma.train.profile;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import norma.train.config.RunConfig;
import norma.train.report.Decimals;
import norma.train.run.StepTimer;

/// What follows from a profile, for its end.
public final class ProfileAdvice {
  private static final int COSTLIEST = 5;
  /// Milliseconds of a step that is worth another measurement: a longer one has enough for several threads, and takes longer to measure.
  private static final double SMALL_STEP = 20;
  /// By which one thread must be faster to be advised: less is the machine's noise.
  private static final double FASTER = 1.1;

  private ProfileAdvice() {}

  /// The rows that cost most, those of all blocks together, the costliest first: with the factor that the machine could be faster.
  public static String costliest(Profile profile) {
    return "costly   " + Row.overBlocks(profile.rows()).stream()
        .sorted(Comparator.comparingDouble(Row::share).reversed()).limit(COSTLIEST)
        .map(row -> row.name() + " " + Decimals.percent(row.share()) + (Double.isFinite(row.distance())
            ? String.format(Locale.ROOT, " (%.1f \u00d7 roof)", row.distance())
            : ""))
        .collect(Collectors.joining(", "));
  }

  /// Whether one thread takes a small step faster than all: measures both.
  public static List<String> threads(Profile profile) {
    RunConfig config = profile.config();
    int threads = profile.peaks().threads();
    if (profile.steps().plain().median() > SMALL_STEP || threads == 1) {
      return List.of();
    }
    double[] millis = StepTimer.medians(List.of(config.with(OptionalInt.of(threads)), config.with(OptionalInt.of(1))),
        threads);
    return threads(threads, millis[0] / millis[1]);
  }

  /// @param ratio time with all threads over that with one
  static List<String> threads(int threads, double ratio) {
    return ratio < FASTER
        ? List.of()
        : List.of(String.format(Locale.ROOT,
            "advice   the step is too small for %d threads: one is %.1f times as fast (runtime.threads=1); a larger train.batch "
                + "gives each more to do",
            threads, ratio));
  }

  /// The cases whose speed is not told apart from the first one's by its quartiles.
  static List<String> noise(List<CaseFigures> cases) {
    List<String> alike = new ArrayList<>();
    for (CaseFigures one : cases.subList(1, cases.size())) {
      if (one.speed().low() <= 1 && one.speed().high() >= 1) {
        alike.add(one.name());
      }
    }
    return alike.isEmpty()
        ? List.of()
        : List.of("not separable from noise, by the quartiles of speed: " + String.join(", ", alike) + " and "
            + cases.getFirst().name() + "; --steps measures more rounds");
  }
}
