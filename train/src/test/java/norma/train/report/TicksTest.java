package norma.train.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TicksTest {

  private static List<String> labels(Ticks ticks) {
    return Arrays.stream(ticks.values()).mapToObj(ticks::label).toList();
  }

  @ParameterizedTest
  @CsvSource({ "0.9, 1", "1, 1", "1.1, 2", "2.3, 5", "5.1, 10", "0.0011, 0.002", "30000, 50000" })
  void stepsAreOneTwoOrFiveTimesAPowerOfTen(double atLeast, double expected) {
    assertThat(Ticks.niceStep(atLeast)).isCloseTo(expected, org.assertj.core.api.Assertions.withinPercentage(1e-9));
  }

  @Test
  void stepsOfARunAreWholeNumbersWithThousandsSetApart() {
    assertThat(labels(Ticks.over(0, 2000, 5, true))).containsExactly("0", "500", "1,000", "1,500", "2,000");
    assertThat(labels(Ticks.over(0, 1, 5, true))).containsExactly("0", "1");
    assertThat(labels(Ticks.over(0, 2, 8, true))).containsExactly("0", "1", "2");
  }

  @Test
  void anAxisAroundValuesBeginsAndEndsWithATick() {
    assertThat(labels(Ticks.around(1.53, 4.17, 6))).containsExactly("1.5", "2.0", "2.5", "3.0", "3.5", "4.0", "4.5");
    assertThat(labels(Ticks.around(0, 0.001, 4))).containsExactly("0", "0.0005", "0.0010");
    assertThat(labels(Ticks.around(0, 3e-6, 3))).containsExactly("0", "1e-6", "2e-6", "3e-6");
    assertThat(labels(Ticks.around(0, 6.2e4, 3))).containsExactly("0", "50,000", "100,000");
  }

  @ParameterizedTest
  @CsvSource({ "0", "4.17", "-3", "1e30" })
  void oneValueStandsInsideItsAxis(double value) {
    Ticks ticks = Ticks.around(value, value, 5);
    assertThat(ticks.min()).isLessThan(value);
    assertThat(ticks.max()).isGreaterThan(value);
    assertThat(ticks.values().length).isBetween(3, 8);
  }
}
