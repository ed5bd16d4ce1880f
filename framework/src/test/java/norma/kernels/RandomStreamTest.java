package norma.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.HashSet;
import java.util.Set;
import java.util.function.LongToDoubleFunction;
import java.util.stream.LongStream;
import norma.array.Array;
import norma.array.DType;
import norma.random.RandomStream;
import org.junit.jupiter.api.Test;

/// Statistics at fixed seeds, within five standard errors.
class RandomStreamTest {
  private static final int N = 200_000;
  private static final RandomStream STREAM = RandomStream.of(1337, "test");

  @Test
  void uniformNumbersLieInTheUnitIntervalWithItsMeanAndVariance() {
    assertThat(LongStream.range(0, N).mapToDouble(STREAM::uniform)).allMatch(u -> u >= 0 && u < 1);
    assertThat(mean(STREAM::uniform)).isCloseTo(0.5, within(5 * Math.sqrt(1 / 12.0 / N)));
    assertThat(mean(i -> Math.pow(STREAM.uniform(i) - 0.5, 2))).isCloseTo(1 / 12.0,
        within(5 * Math.sqrt(1 / 180.0 / N)));
  }

  @Test
  void normalNumbersHaveTheMomentsOfTheNormalDistribution() {
    assertThat(mean(STREAM::normal)).isCloseTo(0, within(5 * Math.sqrt(1.0 / N)));
    assertThat(mean(i -> Math.pow(STREAM.normal(i), 2))).isCloseTo(1, within(5 * Math.sqrt(2.0 / N)));
    assertThat(mean(i -> Math.pow(STREAM.normal(i), 3))).isCloseTo(0, within(5 * Math.sqrt(15.0 / N)));
    assertThat(mean(i -> Math.pow(STREAM.normal(i), 4))).isCloseTo(3, within(5 * Math.sqrt(96.0 / N)));
    assertThat(mean(i -> STREAM.normal(i) * STREAM.normal(i + 1))).isCloseTo(0, within(5 * Math.sqrt(1.0 / N)));
  }

  @Test
  void boundedNumbersAreUniformBelowTheirBound() {
    int bound = 10;
    long[] counts = new long[bound];
    for (int i = 0; i < N; i++) {
      counts[Math.toIntExact(STREAM.bounded(i, bound))]++;
    }
    double chiSquare = 0;
    double expected = N / (double) bound;
    for (long count : counts) {
      chiSquare += (count - expected) * (count - expected) / expected;
    }
    assertThat(chiSquare).isLessThan(33.7); // the 99.99 % quantile for nine degrees of freedom
    assertThat(LongStream.range(0, 1000).map(i -> STREAM.bounded(i, 1))).allMatch(v -> v == 0);
    assertThat(LongStream.range(0, 1000).map(i -> STREAM.bounded(i, 1L << 40))).allMatch(v -> v >= 0 && v < 1L << 40);
  }

  @Test
  void halfOfAllBitsAreSet() {
    double ones = mean(i -> Integer.bitCount(STREAM.bits(i)));
    assertThat(ones).isCloseTo(16, within(5 * Math.sqrt(8.0 / N)));
  }

  @Test
  void everySeedUseStepAndIndexHasNumbersOfItsOwn() {
    Set<Double> seen = new HashSet<>();
    int count = 0;
    for (long seed : new long[]{ 0, 1, 2, -1 }) {
      for (String use : new String[]{ "", "a", "b", "ab", "ba", "init.blocks.0.attn.qkv.weight" }) {
        for (long step = 0; step < 5; step++) {
          for (long index = 0; index < 5; index++) {
            seen.add(RandomStream.of(seed, use).at(step).uniform(index));
            count++;
          }
        }
      }
    }
    assertThat(seen).hasSize(count);
  }

  @Test
  void aNumberDoesNotDependOnWhatWasDrawnBefore() {
    double alone = RandomStream.of(3, "x").at(7).normal(1_000_003);
    RandomStream stream = RandomStream.of(3, "x").at(7);
    for (int i = 0; i < 10; i++) {
      stream.normal(i);
      stream.bits(i);
    }
    assertThat(stream.normal(1_000_003)).isEqualTo(alone);
    assertThat(stream.at(8).at(7)).isEqualTo(stream);
  }

  @Test
  void dropoutDropsItsShareAndScalesTheRest() {
    DropMask mask = new DropMask(0.2, STREAM, 0);
    assertThat(LongStream.range(0, N).mapToDouble(mask::factor)).allMatch(f -> f == 0 || f == 1.25);
    assertThat(mean(i -> mask.factor(i) == 0 ? 1 : 0)).isCloseTo(0.2, within(5 * Math.sqrt(0.16 / N)));
    assertThat(LongStream.range(0, 1000).mapToDouble(DropMask.NONE::factor)).allMatch(f -> f == 1);
  }

  @Test
  void aShardsMaskIsItsSliceOfTheWholeBatchs() {
    double[] x = Workbench.normal(30, 1);
    try (Workbench bench = new Workbench(DType.FLOAT64)) {
      Array whole = bench.unwritten(30);
      Array shards = bench.unwritten(30);
      Array in = bench.array(x, 30);
      bench.run(() -> {
        bench.kernels().dropout(in, new DropMask(0.5, STREAM, 4), Grad.write(whole));
        bench.kernels().dropout(in.slice(0, 11), new DropMask(0.5, STREAM, 4), Grad.write(shards.slice(0, 11)));
        bench.kernels().dropout(in.slice(11, 19), new DropMask(0.5, STREAM, 15), Grad.write(shards.slice(11, 19)));
      });
      assertThat(bench.read(shards)).isEqualTo(bench.read(whole)).contains(0.0);
    }
  }

  private static double mean(LongToDoubleFunction number) {
    return LongStream.range(0, N).mapToDouble(number).average().orElseThrow();
  }

  @Test
  void manyBitsAreTheBitsOfEachIndex() {
    for (long first : new long[]{ 0, 3, 6, (1L << 33) - 2 }) {
      int[] bits = new int[9];
      STREAM.bits(first, bits, bits.length);
      for (int i = 0; i < bits.length; i++) {
        assertThat(bits[i]).isEqualTo(STREAM.bits(first + i));
      }
    }
  }
}
