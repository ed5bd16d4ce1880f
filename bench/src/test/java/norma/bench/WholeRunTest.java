package norma.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import norma.bench.Contender.Step;
import norma.train.metrics.Event;
import norma.train.metrics.Metrics;
import org.junit.jupiter.api.Test;

/// A whole run beside PyTorch's steps.
class WholeRunTest {
  private static final Trials.Model MODEL = new Trials.Model(Shape.S, "dyt", List.of());

  @Test
  void allStepsCountAsTheyWere() {
    assertThat(WholeRun.seconds(steps(1e9, 1e9, 4e9), 3)).isEqualTo(6);
  }

  @Test
  void theMedianOfSomeStepsCountsForAll() {
    assertThat(WholeRun.seconds(steps(1e9, 1e9, 4e9), 2000)).isEqualTo(2000);
  }

  @Test
  void theRatioIsThatOfTheMedians() {
    List<WholeRun.Run> runs = List.of(run(40, 3.0), run(90, 3.0), run(50, 3.0));
    WholeRun row = WholeRun.of(MODEL, 2000, runs, List.of(60.0, 75.0, 200.0), torch(3.0));
    assertThat(row.ratio()).isEqualTo(1.5);
    assertThat(row.row().line())
        .startsWith("| S | dyt | 2000 | 50.0 (40.0) | 75.0 (60.0) | **1.50** | 1.9100 | 0.0e+00 |");
  }

  @Test
  void loggedLossesAreComparedWithPyTorchsOfTheSameSteps() {
    assertThat(WholeRun.of(MODEL, 20, List.of(run(1, 3.0)), List.of(1.0), torch(3.0)).row().agrees()).isTrue();
    assertThat(WholeRun.of(MODEL, 20, List.of(run(1, 3.0), run(1, 3.1)), List.of(1.0), torch(3.0)).row().agrees())
        .isFalse();
    assertThat(WholeRun.of(MODEL, 20, List.of(run(1, 3.0)), List.of(1.0), List.of()).row().agrees())
        .as("nothing to compare")
        .isFalse();
  }

  @Test
  void aRunIsReadFromItsRecord() {
    Metrics metrics = new Metrics(List.of(step(1, 4.4), step(10, 3.5), step(20, 3.1), step(30, 2.9),
        new Event.End(30, "completed", 1.9, 20, 1.91)), false);
    assertThat(WholeRun.Run.of(7, metrics)).isEqualTo(new WholeRun.Run(7, Map.of(1, 4.4, 10, 3.5, 20, 3.1), 1.91));
  }

  private static Event.Step step(int number, double loss) {
    return new Event.Step(number, 0, loss, 1e-3, 1, 1, 1, 1);
  }

  private static WholeRun.Run run(double seconds, double lossOfStepTen) {
    return new WholeRun.Run(seconds, Map.of(1, 4.0, 10, lossOfStepTen), 1.91);
  }

  private static List<Step> torch(double lossOfStepTen) {
    return IntStream.rangeClosed(1, 10).mapToObj(n -> new Step(1, n == 10 ? lossOfStepTen : 4.0, 1)).toList();
  }

  private static List<Step> steps(double... nanos) {
    return java.util.Arrays.stream(nanos).mapToObj(n -> new Step((long) n, 4, 1)).toList();
  }
}
