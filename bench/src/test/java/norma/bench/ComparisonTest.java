package norma.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import norma.bench.Comparison.Agreement;
import norma.bench.Comparison.Sample;
import norma.bench.Contender.Step;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
    Comparison row = new Comparison(Shape.S, "dyt", 768, 4e9, SAME, new Sample(List.of(10.0), 40),
        new Sample(List.of(25.0), 100));
    assertThat(row.ratio()).isEqualTo(2.5);
    assertThat(row.memoryRatio()).isEqualTo(0.4);
    assertThat(row.tokensPerSecond(row.norma())).isEqualTo(76_800);
  }

  @Test
  void sharesOfTheRegisterPeakAreTheModelsWorkOverTimeOverPeak() {
    Comparison row = new Comparison(Shape.S, "dyt", 768, 4e9, SAME, new Sample(List.of(10.0), 1),
        new Sample(List.of(25.0), 1)); // 400 and 160 GFLOP/s
    assertThat(row.share(row.norma(), 500)).isEqualTo(0.8);
    assertThat(row.share(row.torch(), 500)).isEqualTo(0.32);
    assertThat(row.row(500).line()).contains("| 80 % | 32 % |");
    assertThat(row.row(500).figures()).containsEntry("norma_share_of_register_peak", 0.8)
        .containsEntry("torch_share_of_register_peak", 0.32);
  }

  @Test
  void theReportHasItsHeaderOnceAndEveryFigureInItsFiles(@TempDir Path folder) throws IOException {
    Comparison row = new Comparison(Shape.S, "dyt", 768, 4e9, SAME, new Sample(List.of(10.0, 30.0), 1),
        new Sample(List.of(25.0), 1));
    CompareReport report = new CompareReport(Comparison.TABLE_HEAD);
    report.peak(250, 500);
    assertThat(report.add(row.row(500))).contains("register peak 500 GFLOP/s", "250 on one").contains("| shape |");
    assertThat(report.add(row.row(500))).isEqualTo(row.row(500).line());
    report.write(folder.resolve("a.csv"));
    report.write(folder.resolve("a.json"));
    assertThat(Files.readAllLines(folder.resolve("a.csv"))).hasSize(3)
        .allMatch(line -> line.split(",", -1).length == 2 + row.row(500).figures().size());
    assertThat(Files.readString(folder.resolve("a.json"))).contains("\"norma_step_ms\"", "30.0",
        "\"register_peak_gflops_one_thread\" : 250.0");
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
