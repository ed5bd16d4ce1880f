package norma.train.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.commons.statistics.distribution.NormalDistribution;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class PairedDifferencesTest {
  private static final double[] SLEEP = { 1.2, 2.4, 1.3, 1.3, 0, 1, 1.8, 0.8, 4.6, 1.4 };
  private static final double[] MAIZE = { 49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48 };

  private static PairedDifferences of(double... differences) {
    return new PairedDifferences(differences, new double[differences.length]);
  }

  /// Mean 2, standard deviation 1, t(0.975, 2) = 4.302653: 2 -+ 4.302653 / sqrt 3.
  @Test
  void studentsIntervalByHand() {
    PairedDifferences d = of(1, 2, 3);
    assertThat(d.mean()).isEqualTo(2);
    assertThat(d.studentInterval().low()).isCloseTo(-0.484138, within(1e-6));
    assertThat(d.studentInterval().high()).isCloseTo(4.484138, within(1e-6));
  }

  /// Hours of sleep gained with one drug over another (Cushny and Peebles 1905; the example in Student's paper of 1908). R's
  /// `t.test(extra ~ group, paired)` gives 0.7001142 to 2.4598858. One difference is 0, so 4 of 1024 choices of signs are as far from 0.
  @Test
  void studentsOwnExample() {
    PairedDifferences d = of(SLEEP);
    assertThat(d.mean()).isCloseTo(1.58, within(1e-12));
    assertThat(d.studentInterval().low()).isCloseTo(0.7001142, within(1e-7));
    assertThat(d.studentInterval().high()).isCloseTo(2.4598858, within(1e-7));
    assertThat(d.signFlipP()).isEqualTo(4 / 1024.0);
  }

  /// Heights of crossed and self-fertilized maize in eighths of an inch. Fisher (The Design of Experiments, 1935, section 21) counts 863 of 32768
  /// choices of signs with a sum as large as the one seen; the test here is two-sided.
  @Test
  void fishersExampleOfDarwinsMaize() {
    assertThat(of(MAIZE).signFlipP()).isEqualTo(2 * 863 / 32768.0);
  }

  /// A tie is a tie whatever the unit is: ratios of (1, 2, 4, -1), where 6 of 16 choices of signs are as far from 0.
  @ParameterizedTest
  @ValueSource(doubles = { 1e-13, 0.1, 0.3, 1e6 / 3, 1e12 / 7 })
  void signFlipsDoNotDependOnTheUnit(double unit) {
    assertThat(of(unit, 2 * unit, 4 * unit, -unit).signFlipP()).isEqualTo(6 / 16.0);
    assertThat(of(0.1 * unit, 0.2 * unit, 0.4 * unit, -0.1 * unit).signFlipP()).isEqualTo(6 / 16.0);
  }

  /// Of 8 choices of signs of (1, 2, 3), +6 and -6 are as far from 0 as what was seen; of (1, 2, -3) with sum 0 all are.
  @Test
  void signFlipsByHand() {
    assertThat(of(1, 2, 3).signFlipP()).isEqualTo(0.25);
    assertThat(of(1, 2, -3).signFlipP()).isEqualTo(1);
    assertThat(of(1, 2, 4, -1).signFlipP()).isEqualTo(6 / 16.0); // sums from 6 on: 8, 6, 6, and their opposites
    assertThat(of(0.1, 0.1, 0.1, 0.1, 0.1, 0.1).signFlipP()).isEqualTo(2 / 64.0)
        .isEqualTo(PairedDifferences.smallestP(6));
  }

  @Test
  void manyPairsAreFlippedAtRandomAndGiveNearlyTheSame() {
    double[] twenty = new SplittableRandom(3).doubles(20, -0.4, 0.6).toArray();
    double[] twentyOne = Arrays.copyOf(twenty, 21); // the last is 0 and changes no sum
    assertThat(of(twentyOne).signFlipP()).isCloseTo(of(twenty).signFlipP(), within(0.003));
  }

  @Test
  void constantDifferencesHaveIntervalsWithoutWidth() {
    PairedDifferences d = of(0.5, 0.5, 0.5, 0.5);
    assertThat(d.bootstrapInterval()).isEqualTo(new PairedDifferences.Interval(0.5, 0.5));
    assertThat(d.studentInterval()).isEqualTo(new PairedDifferences.Interval(0.5, 0.5));
  }

  /// Skewed to the right: the accelerated interval reaches further to the right of the mean than to the left.
  @Test
  void theBootstrapFollowsTheSkew() {
    PairedDifferences d = of(0, 0.1, 0.2, 0.1, 0.3, 0.2, 0.1, 2.5);
    PairedDifferences.Interval interval = d.bootstrapInterval();
    assertThat(interval.high() - d.mean()).isGreaterThan(1.5 * (d.mean() - interval.low()));
    assertThat(d.bootstrapInterval()).as("the same numbers, the same interval").isEqualTo(interval);
  }

  /// `scipy.stats.bootstrap((x,), numpy.mean, method="BCa", n_resamples=400000)` of SciPy 1.17.1. The third are the survival times of treated mice
  /// in Efron and Tibshirani, An Introduction to the Bootstrap, table 2.1. Tolerances are four standard errors of an end with 10,000 resamples.
  static Stream<Arguments> bca() {
    return Stream.of(Arguments.of(SLEEP, 1.05, 2.63, 0.08), Arguments.of(MAIZE, -1.70, 36.30, 1.5),
        Arguments.of(new double[]{ 94, 197, 16, 38, 99, 141, 23 }, 46.4, 138.3, 2.5));
  }

  @ParameterizedTest
  @MethodSource("bca")
  void theBootstrapIsThatOfSciPy(double[] x, double low, double high, double tolerance) {
    PairedDifferences.Interval interval = of(x).bootstrapInterval();
    assertThat(interval.low()).isCloseTo(low, within(tolerance));
    assertThat(interval.high()).isCloseTo(high, within(tolerance));
  }

  @ParameterizedTest
  @ValueSource(booleans = { true, false })
  void intervalsHoldTheTruthAsOftenAsTheySay(boolean student) {
    SplittableRandom random = new SplittableRandom(11);
    int held = 0;
    for (int study = 0; study < 400; study++) {
      double[] x = normal(random, 30, 0.7);
      PairedDifferences.Interval interval = student ? of(x).studentInterval() : of(x).bootstrapInterval();
      held += interval.low() <= 0.7 && 0.7 <= interval.high() ? 1 : 0;
    }
    assertThat(held / 400.0).isBetween(0.91, 0.98);
  }

  @Test
  void correlationIsPearsons() {
    double[] a = { 1, 2, 3, 4 };
    assertThat(new PairedDifferences(a, new double[]{ 2, 4, 6, 8 }).correlation()).isCloseTo(1, within(1e-12));
    assertThat(new PairedDifferences(a, new double[]{ 1, -1, -1, 1 }).correlation()).isCloseTo(0, within(1e-12));
    assertThat(new PairedDifferences(a, new double[]{ 4, 3, 1, 2 }).correlation()).isCloseTo(-0.8, within(1e-12));
  }

  @Test
  void tooFewPairsSayNothing() {
    assertThat(of(1).studentInterval().low()).isNaN();
    assertThat(of(1, 2).bootstrapInterval().low()).isNaN();
    assertThat(of().signFlipP()).isNaN();
    assertThatThrownBy(() -> new PairedDifferences(new double[2], new double[3]))
        .isInstanceOf(IllegalArgumentException.class).hasMessage("2 numbers cannot be paired with 3");
  }

  @Test
  void holmByHand() {
    assertThat(PairedDifferences.holm(new double[]{ 0.01, 0.04, 0.03 }, 3)).containsExactly(
        new double[]{ 0.03, 0.06, 0.06 },
        within(1e-12));
    assertThat(PairedDifferences.holm(new double[]{ 0.01, Double.NaN, 0.03 }, 3)).as("one is still to come")
        .containsExactly(new double[]{ 0.03, Double.NaN, 0.06 }, within(1e-12));
  }

  /// Exact probabilities of the binomial distribution: 2 (1/2)^5; 2 (1 + 6) / 64.
  @Test
  void divergenceIsTestedOnTheSeedsThatDisagree() {
    assertThat(StudySummary.mcNemar(5, 0)).isEqualTo(2 / 32.0);
    assertThat(StudySummary.mcNemar(1, 5)).isCloseTo(2 * 7 / 64.0, within(1e-12));
    assertThat(StudySummary.mcNemar(0, 0)).isNaN();
  }

  /// 1,000 studies of five variants that are no different: in at most 5 % may any be called better or worse.
  @Test
  void falseAlarmsAreAsRareAsStated() {
    SplittableRandom random = new SplittableRandom(17);
    int alarms = 0;
    for (int study = 0; study < 1000; study++) {
      alarms += verdicts(random, 10, 5, 0).anyMatch(PairedDifferencesTest::decided) ? 1 : 0;
    }
    assertThat(alarms).isLessThan(70); // 50 expected at most; 3 standard deviations are 21
  }

  /// 1,000 studies of three variants that are no different, at four points of a grid that share most of a seed's noise. Pooled by seed, at most 5 %
  /// have any verdict; were the pairs of three seeds twelve pairs of their own, far more would.
  @Test
  void falseAlarmsOverAGridAreAsRareAsStated() {
    SplittableRandom random = new SplittableRandom(23);
    int alarms = 0;
    int wrong = 0;
    for (int study = 0; study < 1000; study++) {
      List<GridPool.Points> variants = IntStream.range(0, 3)
          .mapToObj(variant -> new GridPool.Points("v" + variant, "", 4, grid(random, 9, 4))).toList();
      alarms += GridPool.of(variants).stream().anyMatch(pool -> decided(pool.verdict())) ? 1 : 0;
      double[] p = PairedDifferences.holm(variants.stream().mapToDouble(points -> new PairedDifferences(
          points.pairs().stream().limit(12).mapToDouble(GridPool.Pair::variant).toArray(), new double[12]).signFlipP())
          .toArray(), 3);
      wrong += Arrays.stream(p).anyMatch(one -> one <= Verdict.LEVEL) ? 1 : 0;
    }
    assertThat(alarms).isBetween(15, 70); // 50 expected at most, fewer where p jumps; 3 standard deviations are 21
    assertThat(wrong).as("the simulation knows a wrong test").isGreaterThan(100);
  }

  private static List<GridPool.Pair> grid(SplittableRandom random, int seeds, int points) {
    return IntStream.range(0, seeds).boxed().flatMap(seed -> {
      double shared = random.nextGaussian();
      return IntStream.range(0, points)
          .mapToObj(point -> new GridPool.Pair(seed, shared + 0.3 * random.nextGaussian(), 0));
    }).toList();
  }

  private static boolean decided(Verdict verdict) {
    return verdict == Verdict.BETTER || verdict == Verdict.WORSE;
  }

  /// Means over the points of seeds 1 and 2; seed 3 lacks a point.
  @Test
  void aPoolHasOnePairForEachSeedThatIsWhole() {
    GridPool pool = GridPool.of(List.of(new GridPool.Points("a", "", 2, List.of(new GridPool.Pair(1, 2.0, 2.1),
        new GridPool.Pair(2, 2.2, 2.1), new GridPool.Pair(3, 1, 9), new GridPool.Pair(1, 3.0, 3.3),
        new GridPool.Pair(2, 3.0, 3.3))))).getFirst();
    assertThat(pool.best().all()).containsExactly(new double[]{ -0.2, -0.1 }, within(1e-12));
    assertThat(pool.better()).isEqualTo(4);
    assertThat(pool.pairs()).isEqualTo(5);
    assertThat(pool.p()).isEqualTo(0.5);
    assertThat(pool.verdict()).isEqualTo(Verdict.TOO_FEW_SEEDS);
  }

  /// The smallest p of n pairs is 2/2^n: with five comparisons eight seeds are the first that can count, and a difference of 0.5 standard
  /// deviations needs those for which the plan promises to show it.
  @Test
  void theSeedsThatWouldDecideAreThoseOfThePlan() {
    SignFlipPower power = new SignFlipPower(5);
    assertThat(power.pairs(10)).isEqualTo(8);
    int needed = power.pairs(0.5);
    assertThat(power.detectable(needed)).isLessThanOrEqualTo(0.5);
    assertThat(power.detectable(needed - 1)).isGreaterThan(0.5);
    assertThat(power.pairs(Double.NaN)).isZero();
  }

  /// The difference that the plan promises to show with a probability of 0.8. With few seeds only the most extreme choices of signs are
  /// significant, and the test needs more than Student's does.
  @ParameterizedTest
  @CsvSource({ "6, 1", "8, 1", "8, 5", "9, 10", "10, 1", "12, 10", "14, 1" })
  void aKnownDifferenceIsFoundAsOftenAsPlanned(int seeds, int comparisons) {
    double difference = new SignFlipPower(comparisons).detectable(seeds);
    SplittableRandom random = new SplittableRandom(19);
    int studies = 1000;
    int found = 0;
    for (int study = 0; study < studies; study++) {
      PairedDifferences pairs = of(normal(random, seeds, -difference));
      double p = PairedDifferences.holm(new double[]{ pairs.signFlipP() }, comparisons)[0];
      found += Verdict.of(pairs, p, comparisons) == Verdict.BETTER ? 1 : 0;
    }
    assertThat(found / (double) studies).isBetween(0.76, 0.84); // three standard deviations are 0.038
  }

  /// Of all pairs having one sign, which the smallest p needs: Phi(d)^8 = 0.8.
  @Test
  void theSmallestPNeedsEverySignAlike() {
    double d = new SignFlipPower(5).detectable(8); // 5 x 2/2^8 < 0.05 < 5 x 4/2^8
    assertThat(Math.pow(NormalDistribution.of(0, 1).cumulativeProbability(d), 8)).isCloseTo(0.8, within(0.02));
  }

  /// Variants beside one baseline. Differences of pairs have a standard deviation of 1 around `shift`.
  private static Stream<Verdict> verdicts(SplittableRandom random, int seeds, int variants,
      double shift) {
    double[] baseline = normal(random, seeds, 0);
    PairedDifferences[] differences = new PairedDifferences[variants];
    for (int v = 0; v < variants; v++) {
      double[] noise = normal(random, seeds, shift);
      double[] variant = new double[seeds];
      Arrays.setAll(variant, i -> baseline[i] + noise[i]);
      differences[v] = new PairedDifferences(variant, baseline);
    }
    double[] p = PairedDifferences.holm(Arrays.stream(differences).mapToDouble(PairedDifferences::signFlipP).toArray(),
        variants);
    return IntStream.range(0, variants).mapToObj(v -> Verdict.of(differences[v], p[v], variants));
  }

  private static double[] normal(SplittableRandom random, int n, double mean) {
    return IntStream.range(0, n).mapToDouble(i -> mean + random.nextGaussian()).toArray();
  }
}
