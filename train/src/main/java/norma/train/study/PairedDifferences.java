package norma.train.study;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.apache.commons.math3.stat.correlation.PearsonsCorrelation;
import org.apache.commons.statistics.distribution.NormalDistribution;
import org.apache.commons.statistics.distribution.TDistribution;

/// Differences of pairs, a variant's losses minus the baseline's, seed by seed, and the statistics on them. Below 0 the variant is better.
public final class PairedDifferences {
  /// The level of all intervals.
  public static final double CONFIDENCE = 0.95;
  /// Up to here all 2^n signs are tried; above, so many drawn ones.
  static final int ENUMERATED = 20;
  private static final int SIGN_DRAWS = 1_000_000;
  /// Resamples of the bootstrap: the 250th from either end are the ends of the interval.
  private static final int RESAMPLES = 10_000;
  /// Sums that rounding alone tells apart are the same: a share of the magnitudes that were added.
  private static final double ROUNDING = 1e-14;

  private final double[] differences;
  private final double correlation;
  private final double rounding;

  /// @param variant  one number for each seed
  /// @param baseline the same seeds in the same order
  public PairedDifferences(double[] variant, double[] baseline) {
    if (variant.length != baseline.length) {
      throw new IllegalArgumentException(variant.length + " numbers cannot be paired with " + baseline.length);
    }
    if (!Arrays.stream(variant).allMatch(Double::isFinite) || !Arrays.stream(baseline).allMatch(Double::isFinite)) {
      throw new IllegalArgumentException("a number is not finite; expected those of runs that trained to the end");
    }
    differences = new double[variant.length];
    Arrays.setAll(differences, i -> variant[i] - baseline[i]);
    correlation = correlation(variant, baseline);
    rounding = ROUNDING
        * (Arrays.stream(variant).map(Math::abs).sum() + Arrays.stream(baseline).map(Math::abs).sum());
  }

  /// Numbers by themselves, against zeros: their mean and its interval.
  static PairedDifferences alone(double[] numbers) {
    return new PairedDifferences(numbers, new double[numbers.length]);
  }

  /// An interval.
  public record Interval(double low, double high) {
    static final Interval UNKNOWN = new Interval(Double.NaN, Double.NaN);

    /// The largest magnitude that it does not exclude.
    public double largest() {
      return Math.max(Math.abs(low), Math.abs(high));
    }
  }

  /// Number of pairs.
  public int pairs() {
    return differences.length;
  }

  /// The differences, one for each seed.
  public double[] all() {
    return differences.clone();
  }

  /// Mean difference.
  public double mean() {
    return Arrays.stream(differences).average().orElse(Double.NaN);
  }

  /// The magnitude of the mean in standard deviations of the differences; NaN below two pairs.
  double effect() {
    return Math.abs(mean()) / deviation(differences);
  }

  /// How many have the sign of the mean, in words: `lower on 3 of 3`.
  String signs() {
    boolean lower = mean() < 0;
    long alike = Arrays.stream(differences).filter(d -> lower ? d < 0 : d > 0).count();
    return (lower ? "lower" : "higher") + " on " + alike + " of " + pairs();
  }

  /// Pearson's correlation of the variant's and the baseline's numbers over the seeds: how much pairing helps. NaN below three pairs.
  public double correlation() {
    return correlation;
  }

  /// Student's interval of the mean difference; unknown below two pairs.
  public Interval studentInterval() {
    int n = pairs();
    if (n < 2) {
      return Interval.UNKNOWN;
    }
    double quantile = TDistribution.of(n - 1).inverseCumulativeProbability((1 + CONFIDENCE) / 2);
    double half = quantile * deviation(differences) / Math.sqrt(n);
    return new Interval(mean() - half, mean() + half);
  }

  /// The bias-corrected and accelerated bootstrap interval of the mean difference (Efron, JASA 1987); unknown below three pairs.
  /// The same numbers give the same interval.
  public Interval bootstrapInterval() {
    int n = pairs();
    if (n < 3) {
      return Interval.UNKNOWN;
    }
    double mean = mean();
    if (deviation(differences) == 0) {
      return new Interval(mean, mean);
    }
    SplittableRandom random = new SplittableRandom(1);
    double[] means = new double[RESAMPLES];
    double below = 0;
    for (int r = 0; r < RESAMPLES; r++) {
      double sum = 0;
      for (int i = 0; i < n; i++) {
        sum += differences[random.nextInt(n)];
      }
      means[r] = sum / n;
      below += means[r] < mean - rounding ? 1 : means[r] <= mean + rounding ? 0.5 : 0;
    }
    Arrays.sort(means);
    NormalDistribution normal = NormalDistribution.of(0, 1);
    double bias = normal.inverseCumulativeProbability(below / RESAMPLES);
    double acceleration = acceleration(mean);
    double[] ends = new double[2];
    for (int end = 0; end < 2; end++) {
      double z = bias + normal.inverseCumulativeProbability(end == 0 ? (1 - CONFIDENCE) / 2 : (1 + CONFIDENCE) / 2);
      double share = normal.cumulativeProbability(bias + z / (1 - acceleration * z));
      ends[end] = means[Math.clamp((int) (share * RESAMPLES), 0, RESAMPLES - 1)];
    }
    return new Interval(ends[0], ends[1]);
  }

  /// The jackknife's estimate: a sixth of the skewness of the means that leave one pair out.
  private double acceleration(double mean) {
    double cubes = 0;
    double squares = 0;
    for (double difference : differences) {
      double influence = difference - mean; // proportional to (mean of the others) - (mean of all), sign turned
      cubes += influence * influence * influence;
      squares += influence * influence;
    }
    return cubes / (6 * Math.pow(squares, 1.5));
  }

  /// The two-sided test that the differences are as likely with the other sign (Fisher's randomization test): the share of all choices
  /// of signs whose mean is at least as far from 0, or of a million drawn ones above 20 pairs. [#smallestP] is its smallest value.
  public double signFlipP() {
    int n = pairs();
    if (n == 0) {
      return Double.NaN;
    }
    double seen = Math.abs(Arrays.stream(differences).sum()) - rounding;
    double[][] sums = signedSums();
    boolean all = n <= ENUMERATED;
    int choices = all ? 1 << n : SIGN_DRAWS;
    SplittableRandom random = new SplittableRandom(2);
    int extreme = 0;
    for (int choice = 0; choice < choices; choice++) {
      double sum = 0;
      long signs = 0;
      for (int eight = 0; eight < sums.length; eight++) {
        signs = eight % Long.BYTES != 0 ? signs >>> Byte.SIZE : all ? choice : random.nextLong();
        sum += sums[eight][(int) signs & 0xFF];
      }
      extreme += Math.abs(sum) >= seen ? 1 : 0;
    }
    return all ? extreme / (double) choices : (extreme + 1.0) / (choices + 1);
  }

  /// The sums of eight differences each, with all 256 choices of their signs: a bit that is set turns one round.
  private double[][] signedSums() {
    double[][] sums = new double[(pairs() + Byte.SIZE - 1) / Byte.SIZE][1 << Byte.SIZE];
    for (int i = 0; i < pairs(); i++) {
      for (int signs = 0; signs < 1 << Byte.SIZE; signs++) {
        sums[i / Byte.SIZE][signs] += (signs >>> i % Byte.SIZE & 1) == 0 ? differences[i] : -differences[i];
      }
    }
    return sums;
  }

  /// The smallest p value that [#signFlipP] can have with n pairs.
  public static double smallestP(int pairs) {
    return pairs > ENUMERATED ? 1 / (SIGN_DRAWS + 1.0) : Math.min(1, Math.pow(2, 1 - pairs));
  }

  /// Holm's correction for several comparisons (Scandinavian Journal of Statistics 1979): p values in the same order, each now valid
  /// whatever the others are. NaN, of a comparison that is not made yet, stays.
  ///
  /// @param comparisons that are planned, those that are not made yet as well
  public static double[] holm(double[] p, int comparisons) {
    Integer[] order = java.util.stream.IntStream.range(0, p.length).filter(i -> !Double.isNaN(p[i])).boxed()
        .sorted(java.util.Comparator.comparingDouble(i -> p[i])).toArray(Integer[]::new);
    double[] corrected = p.clone();
    double least = 0;
    for (int rank = 0; rank < order.length; rank++) {
      least = Math.max(least, Math.min(1, p[order[rank]] * (comparisons - rank)));
      corrected[order[rank]] = least;
    }
    return corrected;
  }

  /// Sample standard deviation; NaN below two numbers.
  static double deviation(double[] x) {
    double mean = Arrays.stream(x).average().orElse(Double.NaN);
    double squares = Arrays.stream(x).map(v -> (v - mean) * (v - mean)).sum();
    return x.length < 2 ? Double.NaN : Math.sqrt(squares / (x.length - 1));
  }

  /// Pearson's; NaN below three pairs.
  static double correlation(double[] a, double[] b) {
    return a.length < 3 ? Double.NaN : new PearsonsCorrelation().correlation(a, b);
  }
}
