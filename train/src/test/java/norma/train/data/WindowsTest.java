package norma.train.data;

import java.util.function.LongBinaryOperator;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import norma.train.data.Windows.Window;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WindowsTest {
  private static final int[] TOKENS = IntStream.range(1000, 1100).toArray();

  /// Of 100 tokens 99 are predicted: 24 whole windows of 4, and one of 3.
  @ParameterizedTest
  @CsvSource({ "4, '48'", "11, '24,72'", "12, '16,48,80'", "96, ", "98, ", "99, ", "1000, " })
  void anEstimateHasWholeWindowsSpreadEvenly(int most, String starts) {
    Windows windows = new Windows(TOKENS, 4);
    List<Window> spread = windows.spread(most);
    if (starts != null) {
      assertThat(spread).extracting(Window::start)
          .containsExactlyElementsOf(Arrays.stream(starts.split(",")).map(Integer::valueOf).toList());
    } else {
      assertThat(spread).isEqualTo(most < 99 ? windows.exact().subList(0, 24) : windows.exact());
    }
    assertThat(spread.stream().mapToInt(Window::length).sum()).isLessThanOrEqualTo(most);
  }

  @Test
  void targetsAreTheInputsOneTokenLater() {
    int[] inputs = new int[12];
    int[] targets = new int[12];
    new Windows(TOKENS, 4).sequences((index, bound) -> new long[]{ 7, 0, 95 }[(int) index], 0, inputs, targets);
    assertThat(inputs).containsExactly(1007, 1008, 1009, 1010, 1000, 1001, 1002, 1003, 1095, 1096, 1097, 1098);
    assertThat(targets).containsExactly(1008, 1009, 1010, 1011, 1001, 1002, 1003, 1004, 1096, 1097, 1098, 1099);
  }

  @Test
  void startsAreDrawnFromAllThatLeaveRoomForTheLastTarget() {
    List<Long> bounds = new ArrayList<>();
    new Windows(TOKENS, 4).sequences((index, bound) -> {
      bounds.add(bound);
      return bound - 1;
    }, 0, new int[8], new int[8]);
    assertThat(bounds).containsExactly(96L, 96L);

    BitSet starts = new BitSet();
    Windows windows = new Windows(TOKENS, 90);
    int[] inputs = new int[90];
    for (int step = 0; step < 500; step++) {
      windows.sequences(draw(1), step, inputs, new int[90]);
      starts.set(inputs[0] - 1000);
    }
    assertThat(starts.stream().toArray()).isEqualTo(IntStream.range(0, 10).toArray());
  }

  @Test
  void aSplitOfContextPlusOneHasOneWindow() {
    int[] inputs = new int[99];
    int[] targets = new int[99];
    new Windows(TOKENS, 99).sequences(draw(1), 3, inputs, targets);
    assertThat(inputs).isEqualTo(Arrays.copyOf(TOKENS, 99));
    assertThat(targets).isEqualTo(Arrays.copyOfRange(TOKENS, 1, 100));
  }

  @Test
  void sequencesAreAFunctionOfSeedAndNumber() {
    Windows windows = new Windows(TOKENS, 4);
    int[] fifth = batch(windows, 1, 5);
    batch(windows, 1, 6);
    batch(windows, 99, 0); // an evaluation between two steps
    assertThat(batch(windows, 1, 5)).isEqualTo(fifth);
    assertThat(batch(new Windows(TOKENS, 4), 1, 5)).isEqualTo(fifth);
    assertThat(batch(windows, 1, 6)).isNotEqualTo(fifth);
    assertThat(batch(windows, 2, 5)).isNotEqualTo(fifth);
  }

  @Test
  void aBatchCutIntoShardsIsTheSameBatch() {
    Windows windows = new Windows(TOKENS, 4);
    int[] whole = batch(windows, 1, 5); // sequences 15, 16, 17
    int[] first = new int[8];
    int[] second = new int[4];
    windows.sequences(draw(1), 15, first, new int[8]);
    windows.sequences(draw(1), 17, second, new int[4]);
    assertThat(first).isEqualTo(Arrays.copyOf(whole, 8));
    assertThat(second).isEqualTo(Arrays.copyOfRange(whole, 8, 12));
  }

  @ParameterizedTest
  @CsvSource({ "2, 1", "3, 1", "100, 1", "100, 3", "100, 9", "100, 11", "100, 33", "100, 50", "100, 98", "100, 99",
      "65, 64", "66, 64", "128, 64", "129, 64", "130, 64" })
  void exactEvaluationPredictsEveryTokenButTheFirstOnce(int length, int context) {
    int[] tokens = new SplittableRandom(length).ints(length, 0, 50).toArray();
    Windows windows = new Windows(tokens, context);
    List<Integer> inputs = new ArrayList<>();
    List<Integer> targets = new ArrayList<>();
    List<Window> exact = windows.exact();
    for (int i = 0; i < exact.size(); i++) {
      Window window = exact.get(i);
      assertThat(window.start()).isEqualTo(i * context);
      assertThat(window.start() + window.length()).isEqualTo(Math.min((i + 1) * context, length - 1));
      assertThat(window.length()).isPositive();
      int[] in = new int[2 * context];
      int[] out = new int[2 * context];
      windows.copy(window, 1, in, out);
      Arrays.stream(in, context, context + window.length()).forEach(inputs::add);
      Arrays.stream(out, context, context + window.length()).forEach(targets::add);
      assertThat(Arrays.stream(in, 0, context)).containsOnly(0);
    }
    List<Integer> all = Arrays.stream(tokens).boxed().toList();
    assertThat(inputs).isEqualTo(all.subList(0, length - 1));
    assertThat(targets).isEqualTo(all.subList(1, length));
  }

  @Test
  void theLastWindowIsShorterWhereTheContextDoesNotDivide() {
    assertThat(new Windows(new int[10], 4).exact()).containsExactly(new Window(0, 4), new Window(4, 4),
        new Window(8, 1));
    assertThat(new Windows(new int[9], 4).exact()).containsExactly(new Window(0, 4), new Window(4, 4));
  }

  private static int[] batch(Windows windows, long seed, long step) {
    int[] inputs = new int[12];
    windows.sequences(draw(seed), 3 * step, inputs, new int[12]);
    return inputs;
  }

  private static LongBinaryOperator draw(long seed) {
    return (index, bound) -> new SplittableRandom(seed * 1_000_003 + index).nextLong(bound);
  }
}
