package norma.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import norma.bench.Comparison.Agreement;
import norma.bench.Comparison.Sample;
import norma.bench.Contender.Step;
import org.junit.jupiter.api.Test;

/// The figures of a line of the table.
class ComparisonTest {
  private static final Agreement SAME = new Agreement(0, 0);

  @Test
  void medianOfAnEvenNumberOfStepsIsTheMeanOfTheMiddleTwo() {
    assertThat(new Sample(List.of(9.0, 1.0, 4.0, 2.0), 0).medianMillis()).isEqualTo(3);
    assertThat(new Sample(List.of(9.0, 1.0, 4.0), 0).medianMillis()).isEqualTo(4);
  }

  @Test
  void ratioSaysHowManyTimesNormaIsFasterAndMemoryWhatShareItNeeds() {
    Comparison row = new Comparison("S", "dyt", 768, 4e9, SAME, new Sample(List.of(10.0), 40),
        new Sample(List.of(25.0), 100));
    assertThat(row.ratio()).isEqualTo(2.5);
    assertThat(row.memoryRatio()).isEqualTo(0.4);
    assertThat(row.tokensPerSecond(row.norma())).isEqualTo(76_800);
    assertThat(row.gigaflops()).isEqualTo(400);
  }

  @Test
  void differentLossesDoNotAgree() {
    Step torch = new Step(1, 2.0, 1.0);
    assertThat(Agreement.of(List.of(new Step(1, 2.0001, 1.0)), List.of(torch)).holds()).isTrue();
    assertThat(Agreement.of(List.of(torch, new Step(1, 2.001, 1.0)), List.of(torch, torch)).holds()).isFalse();
  }

  @Test
  void aLossThatIsNoNumberDoesNotAgree() {
    Step diverged = new Step(1, Double.NaN, 1.0);
    assertThat(Agreement.of(List.of(diverged), List.of(diverged)).holds()).isFalse();
  }
}
