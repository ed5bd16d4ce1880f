package norma.train.inspect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class OutlierStudyTest {

  /// RMSNorm of one channel is DyISRU with the other channels' sum of squares as beta (arXiv:2503.21708).
  @Test
  void againstRmsNormTheDyisruFitIsExact() {
    double[] channels = OutlierStudy.fixture();
    assertThat(channels).hasSize(100);
    double others = Arrays.stream(channels).limit(99).map(v -> v * v).sum();
    FormulaFit fit = OutlierStudy.ofThePaper().targets().get(1).fits().get(1);
    assertThat(fit.name()).isEqualTo("dyisru");
    assertThat(fit.scale()).isCloseTo(10, within(1e-12));
    assertThat(fit.numbers().get("beta")).isCloseTo(others, within(1e-9 * others));
    assertThat(fit.maxResidual()).isLessThan(1e-12);
  }

  @Test
  void dyisruFollowsOutliersMoreCloselyThanDyt() {
    for (OutlierStudy.Target target : OutlierStudy.ofThePaper().targets()) {
      FormulaFit dyt = target.fits().get(0);
      FormulaFit dyisru = target.fits().get(1);
      assertThat(dyisru.meanResidual()).as(target.name()).isLessThan(0.5 * dyt.meanResidual());
      assertThat(dyisru.maxResidual()).isLessThan(dyt.maxResidual());
    }
  }

  /// As published in docs/findings.md, by the search for one parameter that was here before formulas were fitted.
  @Test
  void theFitsAreThoseThatWerePublished() {
    List<OutlierStudy.Target> targets = OutlierStudy.ofThePaper().targets();
    assertFit(targets.get(0).fits().get(0), "alpha", 0.04861013509458777, 0.3278770025226075, 0.4724698515012822);
    assertFit(targets.get(0).fits().get(1), "beta", 301.05995388864386, 0.004814208463861331, 0.012825827297638703);
    assertFit(targets.get(1).fits().get(0), "alpha", 0.049011541562339014, 0.33382307492903834, 0.48972061120623245);
  }

  private static void assertFit(FormulaFit fit, String name, double number, double mean, double max) {
    assertThat(fit.numbers()).containsOnlyKeys(name);
    assertThat(fit.numbers().get(name)).isCloseTo(number, within(1e-8 * number));
    assertThat(fit.meanResidual()).isCloseTo(mean, within(1e-8));
    assertThat(fit.maxResidual()).isCloseTo(max, within(1e-8));
  }
}
