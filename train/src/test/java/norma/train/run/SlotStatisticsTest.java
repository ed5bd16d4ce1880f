package norma.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import norma.formula.Curve.Squash;
import norma.train.run.NormProbe.Statistics;
import org.junit.jupiter.api.Test;

/// Numbers by hand.
class SlotStatisticsTest {
  private static final double[] X = { 1, -3, 2, 0 }; // two tokens, two channels; mean 0, mean square 14 / 4

  @Test
  void magnitudesAreOverAllElements() {
    Statistics s = Statistics.of(X, 2, null);
    assertThat(s.rms()).isCloseTo(Math.sqrt(3.5), within(1e-15));
    assertThat(s.absmax()).isEqualTo(3);
    assertThat(s.invStd()).isCloseTo(1 / Math.sqrt(3.5), within(1e-15));
    assertThat(NormProbe.rms(X)).isCloseTo(Math.sqrt(3.5), within(1e-15));
  }

  @Test
  void theStandardDeviationIsAroundTheMeanAndTheRootMeanSquareIsNot() {
    Statistics s = Statistics.of(new double[]{ 11, 7, 12, 10 }, 2, null);
    assertThat(s.invStd()).isCloseTo(1 / Math.sqrt(3.5), within(1e-12));
    assertThat(s.rms()).isCloseTo(Math.sqrt(103.5), within(1e-12));
    assertThat(s.absmax()).isEqualTo(12);
  }

  @Test
  void kurtosisIsThatOfTheChannels() {
    // channels' mean squares 2.5 and 4.5: (2.5^2 + 4.5^2) / 2 over 3.5^2
    assertThat(Statistics.of(X, 2, null).kurtosis()).isCloseTo(13.25 / 12.25, within(1e-15));
    assertThat(Statistics.of(new double[]{ 5, 0, 0, 1, 0, 0 }, 3, null).kurtosis()).isCloseTo(3, within(1e-15));
    assertThat(Statistics.of(new double[]{ 5, -5, 5, 5 }, 2, null).kurtosis()).isEqualTo(1);
  }

  @Test
  void saturationIsTheShareOfArgumentsInTheFlatPart() {
    assertThat(Statistics.of(X, 2, null).saturation()).isNaN();
    assertThat(Statistics.of(X, 2, new Squash(1, 0, 2)).saturation()).isEqualTo(0.25); // -3; 2 is not beyond
    assertThat(Statistics.of(X, 2, new Squash(2, 0, 2)).saturation()).isEqualTo(0.5); // -6, 4
    assertThat(Statistics.of(X, 2, new Squash(1, 1.5, 2)).saturation()).isEqualTo(0.5); // 2.5, 3.5
    assertThat(Statistics.of(X, 2, new Squash(1, 0, 1)).saturation()).isEqualTo(0.5); // -3, 2; 1 is not beyond
  }

  @Test
  void outliersAreMoreThanSixStandardDeviationsFromTheMean() {
    // One of n values stands apart: it is sqrt(n - 1) standard deviations from the mean, whatever the distance.
    assertThat(Statistics.of(oneApart(36, 100, 101), 2, null).outliers()).isZero(); // 5.92
    assertThat(Statistics.of(oneApart(38, 100, 101), 2, null).outliers()).isEqualTo(1.0 / 38); // 6.08
    assertThat(Statistics.of(oneApart(38, -3, -1000), 2, null).outliers()).isEqualTo(1.0 / 38);
    assertThat(Statistics.of(X, 2, null).outliers()).isZero();
  }

  private static double[] oneApart(int n, double all, double one) {
    double[] values = new double[n];
    Arrays.fill(values, all);
    values[n / 3] = one;
    return values;
  }
}
