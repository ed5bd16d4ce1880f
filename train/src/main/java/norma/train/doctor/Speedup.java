package norma.train.doctor;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import norma.train.report.Median;
import norma.train.run.StepTimer;

/// How many times as fast one way to compute is as another, both measured in each of several rounds.
///
/// @param factor median of the rounds
/// @param low    of the round that shows least
/// @param high   of the round that shows most
public record Speedup(double factor, double low, double high, int rounds) {
  /// A smaller gain is not worth a change of settings.
  private static final double LEAST = 1.03;

  /// @param before milliseconds of each round
  /// @param after  of the same rounds
  static Speedup of(List<Double> before, List<Double> after) {
    List<Double> ratios = new ArrayList<>();
    for (int i = 0; i < before.size(); i++) {
      ratios.add(before.get(i) / after.get(i));
    }
    return new Speedup(Median.of(ratios), Collections.min(ratios), Collections.max(ratios), ratios.size());
  }

  /// Whether it is more than the noise: every round shows it. By chance that happens once in 64 comparisons of six rounds.
  boolean gain() {
    return factor >= LEAST && low > 1 && conclusive();
  }

  /// Whether all rounds were measured: a busy machine leaves time for fewer, which show figures and prove nothing.
  boolean conclusive() {
    return rounds == StepTimer.ROUNDS;
  }

  /// The other way round.
  Speedup inverse() {
    return new Speedup(1 / factor, 1 / high, 1 / low, rounds);
  }

  /// @param other what it is compared with
  String over(String other) {
    return String.format(Locale.ROOT, "%.2f times as fast as %s (%.2f to %.2f in %d rounds)", factor, other, low, high,
        rounds);
  }

  @Override
  public String toString() {
    return String.format(Locale.ROOT, "%.2f times as fast (%.2f to %.2f in %d rounds)", factor, low, high, rounds);
  }
}
