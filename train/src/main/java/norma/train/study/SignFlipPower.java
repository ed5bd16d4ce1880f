package norma.train.study;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.apache.commons.statistics.distribution.TDistribution;

/// How large a true difference must be for the sign-flip test to show it, if the differences of pairs are normal.
///
/// With few pairs the test needs more than Student's does: of eight pairs at a level of 0.01 all must have one sign, which takes 1.9 standard
/// deviations for a probability of 0.8 where Student's test takes 1.6. So the test itself is tried on invented pairs.
final class SignFlipPower {
  private static final int DRAWS = 4000;
  /// With more choices of signs than this on the significant side, Student's formula is right within 2 %.
  private static final int MOST_CHOICES = 250;
  private static final int HALVINGS = 30;

  private static final double POWER = 0.8;
  private static final int MOST_PAIRS = 1000;

  private final double level;
  private final Map<Integer, Double> known = new HashMap<>();

  /// @param comparisons that the verdict's level is divided among; none counts as one
  SignFlipPower(int comparisons) {
    level = Verdict.LEVEL / Math.max(1, comparisons);
  }

  /// The fewest pairs that show a difference with a probability of 0.8.
  ///
  /// @param deviations the difference in standard deviations of the differences of pairs
  /// @return 0 where 1,000 do not, and of no number
  int pairs(double deviations) {
    return IntStream.rangeClosed(2, MOST_PAIRS)
        .filter(pairs -> student(pairs) <= deviations && detectable(pairs) <= deviations)
        .findFirst().orElse(0); // Student's needs no draws, and never more pairs
  }

  /// The smallest difference that so many pairs show with a probability of 0.8, in standard deviations of the differences of pairs; NaN where
  /// even the smallest p is above the level.
  double detectable(int pairs) {
    return known.computeIfAbsent(pairs, this::tried);
  }

  private double tried(int pairs) {
    if (pairs < 2 || PairedDifferences.smallestP(pairs) > level) {
      return Double.NaN;
    }
    double choices = Math.floor(level * Math.pow(2, pairs - 1)); // that may be as far out as what is seen, itself included
    if (choices > MOST_CHOICES) {
      return student(pairs);
    }
    SplittableRandom random = new SplittableRandom(3);
    double[] shifts = new double[DRAWS];
    for (int draw = 0; draw < DRAWS; draw++) {
      double[] noise = new double[pairs];
      Arrays.setAll(noise, i -> random.nextGaussian());
      Arrays.sort(noise);
      shifts[draw] = significantFrom(noise, (int) choices);
    }
    Arrays.sort(shifts);
    return shifts[(int) Math.ceil(POWER * DRAWS) - 1];
  }

  /// What Student's test shows.
  private double student(int pairs) {
    TDistribution t = TDistribution.of(pairs - 1);
    return (t.inverseCumulativeProbability(1 - level / 2) + t.inverseCumulativeProbability(POWER)) / Math.sqrt(pairs);
  }

  /// The shift of sorted noise from which on it is significant: between that where the sum is 0 and that where every number is positive.
  private static double significantFrom(double[] noise, int choices) {
    double low = -Arrays.stream(noise).average().orElseThrow();
    double high = -noise[0];
    for (int i = 0; i < HALVINGS; i++) {
      double shift = (low + high) / 2;
      double[] pairs = Arrays.stream(noise).map(x -> x + shift).toArray();
      double[] least = new double[pairs.length + 1]; // sum that the rest can still add
      for (int k = pairs.length - 1; k >= 0; k--) {
        least[k] = least[k + 1] + Math.min(0, pairs[k]);
      }
      if (asFar(pairs, least, 0, 0, choices + 1) <= choices) {
        high = shift;
      } else {
        low = shift;
      }
    }
    return high;
  }

  /// Choices of signs with a sum at least as large, up to `most`: turning a subset keeps the sum or raises it where the subset's own is not positive.
  private static int asFar(double[] pairs, double[] least, int next, double sum, int most) {
    if (sum + least[next] > 0 || most == 0) {
      return 0;
    }
    if (next == pairs.length) {
      return 1;
    }
    int with = asFar(pairs, least, next + 1, sum + pairs[next], most);
    return with + asFar(pairs, least, next + 1, sum, most - with);
  }
}
