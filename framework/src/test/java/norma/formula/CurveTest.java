package norma.formula;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import norma.formula.Formula.Parameter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CurveTest {
  private static Curve curve(String text, int width, Object... parameters) {
    List<Parameter> declared = new java.util.ArrayList<>();
    Map<String, double[]> values = new java.util.HashMap<>();
    for (int i = 0; i < parameters.length; i += 2) {
      declared.add(new Parameter((String) parameters[i], false, false));
      values.put((String) parameters[i], new double[]{ (Double) parameters[i + 1] });
    }
    double[] ones = new double[width];
    Arrays.fill(ones, 1);
    values.put("weight", ones);
    values.put("bias", new double[width]);
    return new Curve(Formula.of(text, declared, Map.of(), true), width, values);
  }

  @ParameterizedTest
  @CsvSource({ "tanh(x), 1, true, 1", "3 * x / sqrt(2 + x^2), 3, true, 2.1213203", "atan(x / 4), 1.5707963, true, 0.25",
      "sigmoid(x), 1, false, 0.25", "x / (1 + x^2), 0.5, true, 1", "exp(-x^2), 1, false, 0",
      "relu(x), Infinity, false, 0",
      "sign(x) * log(1 + abs(x)), Infinity, true, 0", "x^3, Infinity, true, 0", "sqrt(x), NaN, false, Infinity",
      "'clamp(2 * x, -1, 3)', 3, false, 2", "sin(x), 1, true, 1" })
  void theShapeOfAFunctionOfXAloneDoesNotDependOnTheWidth(String text, double bound, boolean odd, double slope) {
    for (int width : new int[]{ 1, 8 }) {
      Curve curve = curve(text, width);
      assertThat(curve.formula().pointwise()).isTrue();
      assertThat(curve.bound()).isCloseTo(bound, within(bound > 0 ? 2e-4 * Math.min(10, bound) : 0));
      assertThat(curve.odd()).isEqualTo(odd);
      assertThat(curve.slope(0)[0]).isCloseTo(slope, within(1e-7));
    }
  }

  /// One channel among C is at most sqrt(C - 1) deviations from their mean, and at most sqrt(C) times their root mean square.
  @ParameterizedTest
  @CsvSource({ "2", "16", "100" })
  void whatDividesByAStatisticIsBoundedByTheWidth(int width) {
    Curve layerNorm = curve("weight * (x - mean(x)) / std(x, 1e-5) + bias", width);
    assertThat(layerNorm.bound()).isCloseTo(Math.sqrt(width - 1), within(1e-12 * width));
    assertThat(curve("x / rms(x, 1e-5)", width).bound()).isCloseTo(Math.sqrt(width), within(1e-12 * width));
    assertThat(curve("x / mean(abs(x))", width).bound()).isCloseTo(width, within(1e-12 * width));
    assertThat(curve("x / maxabs(x)", width).bound()).isEqualTo(1);
    assertThat(layerNorm.odd()).isTrue();
    assertThat(layerNorm.formula().pointwise()).isFalse();
    assertThat(layerNorm.with("bias", 0.5).odd()).isFalse();
    assertThat(layerNorm.oddUnless()).containsExactly("bias");
  }

  @Test
  void whatIsOddAtTheStartOnlyNamesTheParameterThatItDependsOn() {
    assertThat(curve("erf(alpha * x + shift)", 1, "alpha", 0.5, "shift", 0.0).oddUnless()).containsExactly("shift");
    assertThat(curve("erf(alpha * x)", 1, "alpha", 0.5).oddUnless()).isEmpty();
  }

  /// DyISRU's argument (arXiv:2503.21708): RMSNorm of a channel is x / sqrt(beta + x^2) with the other channels' sum of squares as beta.
  @Test
  void aNormsCurveIsThatOfOneChannelAmongFixedOnes() {
    int width = 9;
    Curve rmsNorm = curve("x / rms(x, 0)", width);
    double[] x = { -40, -1, 0, 0.5, 3 };
    double beta = 1 / Math.pow(rmsNorm.slope(0)[0] / Math.sqrt(width), 2);
    assertThat(beta).as("a normal distribution's variance times the other 8").isBetween(0.75 * 8, 8.0);
    for (int i = 0; i < x.length; i++) {
      double root = Math.sqrt(beta + x[i] * x[i]);
      assertThat(rmsNorm.at(x)[i]).isCloseTo(Math.sqrt(width) * x[i] / root, within(1e-12));
      assertThat(rmsNorm.slope(x)[i]).isCloseTo(Math.sqrt(width) * beta / Math.pow(root, 3), within(1e-12));
    }
  }

  /// A clamp's argument is that of a clamp to [-1, 1], beyond which it is constant.
  @ParameterizedTest
  @CsvSource({ "tanh(3 * x - 1), 3, -1, 2", "2 * sigmoid(x), 0.5, 0, 2", "'clamp(0.5 * x, -1, 1)', 0.5, 0, 1",
      "'clamp(2 * x, -1, 3)', 1, -0.5, 1" })
  void theArgumentOfASquashingFunctionKnowsWhereThatIsFlat(String text, double slope, double shift, double flat) {
    assertThat(curve(text, 1).squash()).isEqualTo(new Curve.Squash(slope, shift, flat));
  }

  @ParameterizedTest
  @CsvSource({ "weight * tanh(x) + bias, true", "'weight * (x - mean(x)) / std(x, 1e-5)', true",
      "tanh(weight * x), false",
      "weight * tanh(x + bias), false", "weight * weight * x, false", "weight * x + x, false", "x, false",
      "x * (weight / 2) + bias, true", "weight * x + 2 * bias, false", "weight * x - x * bias, false" })
  void aFormulaIsScaledIfWeightAndBiasAreItsLastStep(String text, boolean scaled) {
    assertThat(Formula.of(text, List.of(), Map.of(), true).scaled()).isEqualTo(scaled);
  }

  /// At n points of one row, a vector's gradient is each point's own.
  @Test
  void pointsHaveGradientsOfTheirOwn() {
    Formula points = Formula.of("alpha * tanh(beta * x)",
        List.of(new Parameter("alpha", false, false), new Parameter("beta", false, true)), Map.of(), false).perPoint();
    double[] x = { -2, 0.3, 1 };
    double raw = 0.2;
    double beta = Math.log1p(Math.exp(raw));
    Interpreter at = new Interpreter(1, 3, Map.of("x", x, "dy", new double[]{ 1, 1, 1 }, "alpha",
        new double[]{ 5, 5, 5 }, "beta", new double[]{ raw, raw, raw }));
    double[] dbeta = at.of(points.gradients().get(2));
    for (int i = 0; i < x.length; i++) {
      double t = Math.tanh(beta * x[i]);
      assertThat(at.of(points.gradients().get(1))[i]).isCloseTo(t, within(1e-12));
      assertThat(dbeta[i]).isCloseTo(5 * x[i] * (1 - t * t) / (1 + Math.exp(-raw)), within(1e-12));
    }
  }
}
