package norma.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.IntStream;
import norma.optim.Schedule.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScheduleTest {
  @Test
  void theLongestWarmupRisesFromAlmostNothing() {
    Schedule schedule = new Schedule(Shape.CONSTANT, 1, 0, Integer.MAX_VALUE, Integer.MAX_VALUE, 1);
    assertThat(schedule.at(1)).isEqualTo(0x1p-31);
    assertThat(schedule.at(1L << 30)).isEqualTo(0.5);
  }

  @ParameterizedTest
  @CsvSource({ "1e-3, 1e-4, 100, 2000", "1e-3, 1e-4, 0, 10", "6e-4, 6e-5, 7, 8", "1e-3, 0, 1, 50" })
  void everyStepHasNanoGptsRate(double lr, double minLr, int warmup, int decay) {
    Schedule schedule = new Schedule(Shape.COSINE, lr, minLr, warmup, decay, 1);
    for (int step = 1; step <= decay + 20; step++) {
      assertThat(schedule.at(step)).as("step %d", step).isCloseTo(nanoGpt(step - 1, lr, minLr, warmup, decay),
          within(1e-15));
    }
  }

  /// Three steps of warm-up; the floor after eight updates, which is the ninth step's.
  @Test
  void linearAndWsdAreStraightLinesToTheFloor() {
    assertThat(rates(Shape.LINEAR)).containsExactly(new double[]{ 2, 4, 6, 8, 6.8, 5.6, 4.4, 3.2, 2, 2, 2 },
        within(1e-14));
    assertThat(rates(Shape.WSD)).containsExactly(new double[]{ 2, 4, 6, 8, 8, 8, 8, 5, 2, 2, 2 }, within(1e-14));
    assertThat(rates(Shape.CONSTANT)).containsExactly(new double[]{ 2, 4, 6, 8, 8, 8, 8, 8, 8, 8, 8 }, within(1e-14));
  }

  private static double[] rates(Shape shape) {
    Schedule schedule = new Schedule(shape, 8, 2, 3, 8, 2);
    return IntStream.rangeClosed(1, 11).mapToDouble(schedule::at).toArray();
  }

  /// `get_lr(it)` of nanoGPT's train.py, where `it` counts from 0.
  private static double nanoGpt(int it, double lr, double minLr, int warmup, int decay) {
    if (it < warmup) {
      return lr * (it + 1) / (warmup + 1);
    }
    if (it > decay) {
      return minLr;
    }
    double ratio = (double) (it - warmup) / (decay - warmup);
    double coeff = 0.5 * (1.0 + Math.cos(Math.PI * ratio));
    return minLr + coeff * (lr - minLr);
  }
}
