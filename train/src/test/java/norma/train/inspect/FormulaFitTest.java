package norma.train.inspect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import norma.formula.Curve;
import norma.formula.Formula.Parameter;
import norma.nn.Learnable;
import norma.nn.NormSpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FormulaFitTest {
  private static final double[] X = { -3, -1, -0.1, 0.2, 1.5, 4 };

  private static FormulaFit fit(NormSpec spec, double bound, double[] x, DoubleUnaryOperator y) {
    return FormulaFit.of(spec, "slot", 8, bound, x, Arrays.stream(x).map(y).toArray());
  }

  @ParameterizedTest
  @ValueSource(strings = { "dyt", "dyisru", "derf" })
  void aFitFindsTheNumberThatMadeThePoints(String type) {
    NormSpec spec = NormSpec.of(type);
    Curve start = FormulaFit.target(spec, "slot", 8);
    Parameter first = start.formula().parameters().stream().filter(p -> !p.perChannel()).findFirst().orElseThrow();
    for (double number : new double[]{ 1e-3, 0.5, 7, 400 }) {
      Curve made = start.with(first.name(), first.stored(number));
      FormulaFit fit = fit(spec, 2, X, v -> 2 * made.at(v)[0]);
      assertThat(fit.scale()).isCloseTo(2, within(1e-12));
      assertThat(fit.maxResidual()).as("%s %s", type, number).isLessThan(1e-9);
      if (Math.abs(made.at(0.1)[0]) < 0.999) { // far in saturation any number fits
        assertThat(fit.numbers().get(first.name())).isCloseTo(number, within(1e-4 * number));
      }
    }
  }

  @Test
  void severalNumbersAreFittedTogether() {
    Map<String, Object> names = new LinkedHashMap<>();
    names.put("a", Learnable.from(1));
    names.put("b", new Learnable(1, false, false, true, false));
    names.put("c", Learnable.from(0));
    NormSpec spec = new NormSpec("weight * a * (x + c) / sqrt(b + (x + c)^2)", names);
    double[] x = { -9, -4, -2, -1, -0.5, 0, 0.3, 0.9, 2, 5, 20 };
    FormulaFit fit = fit(spec, 1, x, v -> -0.3 * (v + 0.7) / Math.sqrt(11 + (v + 0.7) * (v + 0.7)));
    assertThat(fit.numbers().getOrDefault("a", 0.0) * fit.scale()).isCloseTo(-0.3, within(1e-8));
    assertThat(fit.numbers().get("b")).isCloseTo(11, within(1e-6));
    assertThat(fit.numbers().get("c")).isCloseTo(0.7, within(1e-7));
  }

  /// At the minimum the derivative of the squares is 0: here by central differences of the residuals that the fit reports.
  @ParameterizedTest
  @CsvSource({ "dyt, alpha", "dyisru, beta" })
  void aFitOfPointsOffTheCurveIsAMinimum(String type, String name) {
    DoubleUnaryOperator off = v -> Math.atan(v) + 0.1 * Math.sin(9 * v);
    FormulaFit fit = fit(NormSpec.of(type), 1, X, off);
    double best = squares(fit, name, 0, off);
    double h = 1e-3;
    double above = squares(fit, name, h, off);
    double below = squares(fit, name, -h, off);
    assertThat(best).isPositive().isLessThan(above).isLessThan(below);
    assertThat(Math.abs(above - below)).isLessThan(0.01 * (above + below - 2 * best));
  }

  private static double squares(FormulaFit fit, String name, double change, DoubleUnaryOperator y) {
    Parameter p = fit.curve().formula().parameters().stream().filter(q -> q.name().equals(name)).findFirst()
        .orElseThrow();
    Curve curve = fit.curve().with(name, fit.curve().value(p)[0] + change);
    return Arrays.stream(X).map(v -> Math.pow(y.applyAsDouble(v) - fit.scale() * curve.at(v)[0], 2)).sum();
  }

  @Test
  void aFunctionWithoutNumbersIsComparedAsItIs() {
    FormulaFit fit = fit(NormSpec.of("weight * clamp(x, -2, 2)"), 1, X, v -> Math.clamp(v, -1.0, 1.0));
    assertThat(fit.numbers()).isEmpty();
    assertThat(fit.scale()).isEqualTo(0.5);
    assertThat(fit.at(-3, 0.2)).containsExactly(-1, 0.1);
    assertThat(fit.maxResidual()).isCloseTo(0.5, within(1e-12));
  }

  /// Of a function without a bound, and of one whose bound is 1 / a.
  @Test
  void whereTheBoundSaysNothingTheScaleIsFittedToo() {
    NormSpec endless = new NormSpec("weight * sign(x) * log(1 + abs(a * x))", Map.of("a", Learnable.from(1)));
    FormulaFit fit = fit(endless, 7, X, v -> 5 * Math.signum(v) * Math.log1p(Math.abs(3 * v)));
    assertThat(fit.scale()).isCloseTo(5, within(1e-8));
    assertThat(Math.abs(fit.numbers().getOrDefault("a", 0.0))).isCloseTo(3, within(1e-8));
    NormSpec inverse = new NormSpec("weight * x / (1 + abs(a * x))", Map.of("a", Learnable.from(1)));
    FormulaFit steep = fit(inverse, 7, X, v -> 30 * v / (1 + Math.abs(4 * v)));
    assertThat(steep.scale()).isCloseTo(30, within(1e-7));
    assertThat(Math.abs(steep.numbers().getOrDefault("a", 0.0))).isCloseTo(4, within(1e-7));
  }

  @Test
  void aNumberOnItsWayToZeroIsNoFit() {
    assertThat(fit(NormSpec.of("dyt"), 1, X, v -> 0).found()).isFalse();
    assertThat(fit(NormSpec.of("dyisru"), 1, X, v -> 0).found()).isFalse();
    assertThat(fit(NormSpec.of("dyt"), 1, X, v -> Math.tanh(1e-6 * v)).found()).isTrue();
  }

  @Test
  void theWidthOfAFormulaIsTheSlots() {
    NormSpec spec = new NormSpec("dyisru", Map.of("scale_sqrt_width", true));
    FormulaFit fit = fit(spec, Math.sqrt(8), X, v -> Math.sqrt(8) * v / Math.sqrt(5 + v * v));
    assertThat(fit.scale()).isCloseTo(1, within(1e-12));
    assertThat(fit.numbers().get("beta")).isCloseTo(5, within(1e-8));
  }

  @Test
  void whatIsNoCurveWithNumbersIsRefusedInOneLine() {
    assertThatThrownBy(() -> FormulaFit.target(NormSpec.of("layernorm"), "slot", 8))
        .hasMessage(
            "\"weight * (x - mean(x)) / std(x, eps) + bias\" has statistics of a token; expected an element-wise"
                + " formula to fit to a slot");
    NormSpec vector = new NormSpec("weight * tanh(a * x)", Map.of("a", new Learnable(1, true, false, false, false)));
    assertThatThrownBy(() -> FormulaFit.target(vector, "slot", 8))
        .hasMessage("\"weight * tanh(a * x)\" has a number a for each channel; expected weight, bias and numbers of the"
            + " slot to fit to a slot");
    assertThatThrownBy(() -> FormulaFit.target(NormSpec.of("none"), "slot", 8))
        .hasMessageContaining("none is no formula");
    assertThatThrownBy(() -> fit(NormSpec.of("dyt"), 1, new double[2], v -> v))
        .isInstanceOf(IllegalArgumentException.class).hasMessage("no point away from 0 to fit dyt to");
  }
}
