package norma.train.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import norma.train.study.StabilityCard.Rate;
import norma.train.study.StabilityCard.Run;
import norma.train.study.StabilityCard.Sweep;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StabilityCardTest {
  private static final Sweep A = new Sweep("a", "text", List.of(
      new Rate(0.1, Map.of(1L, ended(4, 3), 2L, diverged(Double.NaN))), // before its first logged step
      new Rate(1e-3, Map.of(1L, ended(4, 2.5), 2L, ended(4.2, 2.6))),
      new Rate(1e-2, Map.of(1L, ended(4, 2), 2L, ended(4.2, 2.2)))));
  /// Never trains: at its end it is worse than before, or did not come there.
  private static final Sweep B = new Sweep("b", "text", List.of(
      new Rate(1e-3, Map.of(1L, ended(4, 5), 2L, ended(4.2, 4.1))),
      new Rate(1e-2, Map.of(1L, diverged(4), 2L, ended(4.2, 3.9))),
      new Rate(0.1, Map.of(1L, diverged(4), 2L, diverged(4.2)))));
  private static final StabilityCard CARD = new StabilityCard(2, List.of(A, B));

  private static Run ended(double start, double last) {
    return new Run(true, start, last, last + 0.01, 1.5, 12, 3);
  }

  private static Run diverged(double start) {
    return new Run(false, start, Double.NaN, Double.NaN, 1.5, 400, 30);
  }

  /// Seed 1: (2.5 + 2 + 3) / 3 - 2 = 0.5. Seed 2, whose last run counts as its loss at the start: (2.6 + 2.2 + 4.2) / 3 - 2.2 = 0.8.
  @Test
  void sensitivityIsTheMeanExcessOverTheBestWithLossesCappedAtTheStart() {
    assertThat(CARD.sensitivities(A)).containsExactly(new double[]{ 0.5, 0.8 }, within(1e-12));
    assertThat(B.cappedLoss(B.rates().getFirst(), 1)).isEqualTo(4);
    assertThat(B.cappedLoss(B.rates().get(1))).isCloseTo((4 + 3.9) / 2, within(1e-12));
  }

  @Test
  void theFigureHasItsColoursWithoutThePagesStyle() {
    assertThat(SweepPlot.figures(CARD)).contains("<g class=\"s0\" color=\"#0072b2\"",
        "<g class=\"s1\" color=\"#d55e00\"", ">1e-3<", ">1e-2<", ">0.1<");
  }

  @Test
  void aVariantThatTrainsNowhereIsNotCalledInsensitive() {
    assertThat(CARD.sensitivities(B)).isEmpty();
    assertThat(CARD.largestRate(B)).isEmpty();
    assertThat(StabilityText.terminal(CARD)).containsPattern("\nb +none +");
  }

  /// A run trains below a third of the way from the lowest loss of all to its start: 2 + (4 - 2) / 3 = 2.67 of seed 1, 2.73 of seed 2.
  @Test
  void theLargestRateIsOneAtWhichEverySeedTrains() {
    assertThat(CARD.lowestLoss("text")).isEqualTo(2);
    assertThat(A.rates()).extracting(rate -> CARD.trained(A, rate)).containsExactly(2, 2, 0);
    assertThat(CARD.largestRate(A)).hasValue(1e-2);
    assertThat(CARD.bestRate(A).orElseThrow().lr()).isEqualTo(1e-2);
    assertThat(new StabilityCard(3, List.of(A)).largestRate(A)).as("a third seed has not run").isEmpty();
  }

  @Test
  void aSeedWithoutARunAtEveryRateIsLeftOut() {
    Sweep crashed = new Sweep("c", "text", List.of(new Rate(1e-3, Map.of(1L, ended(4, 3), 2L, ended(4, 2.5))),
        new Rate(1e-2, Map.of(2L, ended(4, 2)))));
    StabilityCard card = new StabilityCard(2, List.of(crashed));
    assertThat(card.sensitivities(crashed)).containsExactly(new double[]{ 0.25 }, within(1e-12));
    assertThat(card.bestRate(crashed).orElseThrow().lr()).isEqualTo(1e-3);
    assertThat(StabilityText.terminal(card)).contains("0.2500 (1 of 2 seeds)");
  }

  @Test
  void theTableSaysWhatTheNumbersAreAtTheBestRate() {
    assertThat(StabilityText.markdown(CARD)).contains("## Stability over learning rates",
        "| a | 0.6500 ± 0.2121 | 1e-2 | 1e-2 | 2.1000 ± 0.1414 | 1.50 → 12.0 | 3.00 | 2.1100 | +0.01000 |",
        "mean over the 3 rates", "to the lowest of all runs on its text (2.0000)", "at which all seeds train");
    Sweep calm = new Sweep("a", "text", A.rates().subList(0, 2));
    assertThat(StabilityText.markdown(new StabilityCard(2, List.of(calm)))).contains("| ≥ 1e-2 |");
  }

  @Test
  void thePageHasACurveForEachVariantACrossForWhatDivergedAndEveryRate() {
    String html = StabilityText.html(CARD);
    assertThat(html).contains("class=\"chart wide\"", "class=\"chart narrow\"", "<td class=\"n\">2 of 2</td>",
        "<td class=\"n\">0 of 2</td>",
        ">1e-3</text>", ">0.1</text>");
    assertThat(html.split("l8 8m0 -8l-8 8", -1)).as("four diverged, in two sizes").hasSize(1 + 2 * 4);
    assertThat(StabilityText.html(new StabilityCard(2, List.of()))).isEmpty();
  }

  @Test
  void beforeTheFirstRunEverythingIsOpen() {
    StabilityCard card = new StabilityCard(2, List.of(new Sweep("a", "text", List.of(new Rate(1e-3, Map.of()),
        new Rate(1e-2, Map.of())))));
    assertThat(StabilityText.html(card)).doesNotContain("<svg", "NaN<");
    assertThat(StabilityText.terminal(card).lines().toList().getLast().strip()).isEqualTo("a");
  }

  @ParameterizedTest
  @CsvSource({ "3e-4, 3e-4", "0.001, 1e-3", "3.1623e-3, 3.16e-3", "0.1, 0.1", "0.03, 3e-2", "1, 1" })
  void ratesAreWrittenAsInAConfiguration(double lr, String text) {
    assertThat(norma.train.report.Decimals.setting(lr)).isEqualTo(text);
  }

  /// A text that is easier to predict does not make runs on another one fail.
  @Test
  void runsAreHeldAgainstThoseOnTheirOwnText() {
    Sweep easy = new Sweep("a", "easy", List.of(new Rate(1e-3, Map.of(1L, ended(4, 0.5)))));
    Sweep hard = new Sweep("b", "hard", List.of(new Rate(1e-3, Map.of(1L, ended(4, 2.5)))));
    StabilityCard card = new StabilityCard(1, List.of(easy, hard));
    assertThat(card.trains(hard, hard.rates().getFirst(), 1)).isTrue();
    assertThat(StabilityText.markdown(card)).contains("(0.5000, 2.5000)");
  }
}
