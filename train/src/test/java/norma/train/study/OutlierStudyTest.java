package norma.train.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import norma.train.study.OneParameterFit.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class OutlierStudyTest {

  /// RMSNorm of one channel is DyISRU with the other channels' sum of squares as beta (arXiv:2503.21708).
  @Test
  void againstRmsNormTheDyisruFitIsExact() {
    double[] channels = OutlierStudy.fixture();
    assertThat(channels).hasSize(100);
    double others = Arrays.stream(channels).limit(99).map(v -> v * v).sum();
    OneParameterFit fit = OutlierStudy.ofThePaper().targets().get(1).fits().get(1);
    assertThat(fit.function()).isEqualTo(Function.DYISRU);
    assertThat(fit.bound()).isEqualTo(10);
    assertThat(fit.parameter()).isCloseTo(others, within(1e-9 * others));
    assertThat(fit.maxResidual()).isLessThan(1e-12);
  }

  @Test
  void dyisruFollowsOutliersMoreCloselyThanDyt() {
    for (OutlierStudy.Target target : OutlierStudy.ofThePaper().targets()) {
      OneParameterFit dyt = target.fits().get(0);
      OneParameterFit dyisru = target.fits().get(1);
      assertThat(dyisru.meanResidual()).as(target.name()).isLessThan(0.5 * dyt.meanResidual());
      assertThat(dyisru.maxResidual()).isLessThan(dyt.maxResidual());
    }
  }

  @ParameterizedTest
  @EnumSource(Function.class)
  void aFitFindsTheParameterThatMadeThePoints(Function function) {
    double[] x = { -3, -1, -0.1, 0.2, 1.5, 4 };
    for (double parameter : new double[]{ 1e-3, 0.5, 7, 400 }) {
      double[] y = Arrays.stream(x).map(v -> function.value(2, parameter, v)).toArray();
      OneParameterFit fit = OneParameterFit.of(function, 2, x, y);
      assertThat(fit.maxResidual()).isLessThan(1e-9);
      if (function.slope(2, parameter, 0.1) != 0) { // far in saturation any parameter fits
        assertThat(fit.parameter()).isCloseTo(parameter, within(1e-4 * parameter));
      }
    }
  }

  /// At the minimum the derivative of the squares is 0.
  @ParameterizedTest
  @EnumSource(Function.class)
  void aFitOfPointsOffTheCurveIsAMinimum(Function function) {
    OutlierStudy.Target target = OutlierStudy.ofThePaper().targets().getFirst();
    OneParameterFit fit = target.fits().stream().filter(f -> f.function() == function).findFirst().orElseThrow();
    double derivative = 0;
    double scale = 0;
    for (int i = 0; i < target.x().length; i++) {
      double term = (target.y()[i] - fit.at(target.x()[i]))
          * function.slope(fit.bound(), fit.parameter(), target.x()[i]);
      derivative += term;
      scale += Math.abs(term);
    }
    assertThat(Math.abs(derivative)).isLessThan(1e-6 * scale + 1e-15);
  }

  @Test
  void withoutAPointAwayFromZeroThereIsNoFit() {
    assertThatThrownBy(() -> OneParameterFit.of(Function.DYT, 1, new double[2], new double[2]))
        .isInstanceOf(IllegalArgumentException.class).hasMessage("no point away from 0 to fit DyT to");
  }
}
