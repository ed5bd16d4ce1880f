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
  void theTableHasRatiosOfMediansAndSharesOfTheRegisterPeak() {
    Comparison row = new Comparison(Shape.S, "dyt", 768, 4e9, SAME, new Sample(List.of(10.0, 30.0, 5.0), 40L << 20),
        new Sample(List.of(25.0), 100L << 20)); // 400 and 160 GFLOP/s
    assertThat(Comparison.table(500).markdown(row)).isEqualTo("| S | dyt | 10.0 (5.0) | 25.0 (25.0) | 76800 | 30720 "
        + "| **2.50** | 80 % | 32 % | 40 | 100 | 0.40 | 0.0e+00 |\n");
  }

  @Test
  void theReportHasItsHeaderOnceAndEveryFigureInItsFiles(@TempDir Path folder) throws IOException {
    Comparison row = new Comparison(Shape.S, "dyt", 768, 4e9, new Agreement(1e-3, 0),
        new Sample(List.of(10.0, 30.0), 1), new Sample(List.of(25.0), 1));
    CompareReport report = new CompareReport();
    report.peak(250, 500);
    assertThat(report.add(row)).contains("register peak 500 GFLOP/s", "250 on one").contains("| shape |");
    assertThat(report.add(row)).doesNotContain("| shape |").contains("1.0e-03 NOT THE SAME COMPUTATION");
    assertThat(report.agrees()).isFalse();
    report.write(folder.resolve("a.csv"));
    report.write(folder.resolve("a.json"));
    assertThat(Files.readAllLines(folder.resolve("a.csv"))).hasSize(3).first().asString().startsWith("shape,norm,");
    assertThat(Files.readString(folder.resolve("a.json"))).contains("\"step_millis\"", "30.0",
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
