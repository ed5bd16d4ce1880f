package norma.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScheduleTest {
  @Test
  void theLongestWarmupRisesFromAlmostNothing() {
    Schedule schedule = new Schedule(1, 0, Integer.MAX_VALUE, Integer.MAX_VALUE, false);
    assertThat(schedule.at(1)).isEqualTo(0x1p-31);
    assertThat(schedule.at(1L << 30)).isEqualTo(0.5);
  }

  @ParameterizedTest
  @CsvSource({ "1e-3, 1e-4, 100, 2000", "1e-3, 1e-4, 0, 10", "6e-4, 6e-5, 7, 8", "1e-3, 0, 1, 50" })
  void everyStepHasNanoGptsRate(double lr, double minLr, int warmup, int decay) {
    Schedule schedule = new Schedule(lr, minLr, warmup, decay, true);
    for (int step = 1; step <= decay + 20; step++) {
      assertThat(schedule.at(step)).as("step %d", step).isCloseTo(nanoGpt(step - 1, lr, minLr, warmup, decay),
          within(1e-15));
    }
  }

  @Test
  void withoutCosineTheRateStaysAfterTheWarmup() {
    Schedule schedule = new Schedule(1e-3, 1e-4, 4, 10, false);
    assertThat(schedule.at(1)).isCloseTo(2e-4, within(1e-15));
    assertThat(schedule.at(4)).isCloseTo(8e-4, within(1e-15));
    assertThat(schedule.at(5)).isEqualTo(1e-3);
    assertThat(schedule.at(1000)).isEqualTo(1e-3);
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
