package norma.formula;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.ToDoubleFunction;
import norma.formula.Formula.Kernels;
import norma.formula.RandomFormulas.Node;
import norma.kernels.Workbench;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Gradients of formulas are central differences, and what they are lowered to is what they are.
class FormulaGradientTest {
  private static final int ROWS = 3;
  private static final int WIDTH = 5;
  private static final int RANDOM = 200;

  @ParameterizedTest
  @ValueSource(strings = { "weight * x / (1 + abs(alpha * x))", "weight * x / maxabs(x)", "silu(alpha * x) * weight",
      "gelu(x)", "relu(x)^2", "weight * x / mean(abs(x)^1.5)",
      "weight / mean(weight) * atan(alpha * x / rms(x - alpha, 1e-3))", "weight * clamp(x, -1, 1) + alpha * var(x * b)",
      "clamp(a, x, b) + clamp(x, alpha, b)", "weight * x / (abs(alpha * x) - 2 * width)",
      "x / (1 + abs(alpha * x)^66)^(1/66)",
      "x / (x^2 + 1)^0.5", "log(1 + exp(alpha * x)) * sin(b * x)", "x / (1 + exp(-alpha * x))",
      "max(x, alpha) * min(x, b)", "weight * x / std(a, 0.1 + mean(x^2)) * rms(b, mean(abs(x)))",
      "cos(x) * softsign(x) * isru(b * x) - exp(-x^2)" })
  void gradientsAreCentralDifferences(String text) {
    check(RandomFormulas.formula(text));
  }

  @ParameterizedTest
  @MethodSource("norma.kernels.Formulas#builtIn")
  void gradientsOfBuiltInTypesAreCentralDifferences(Formula formula) {
    check(formula);
  }

  @ParameterizedTest
  @MethodSource("norma.kernels.Formulas#ofTwo")
  void gradientsOfFormulasOfTwoAreCentralDifferences(Formula formula) {
    check(formula.text().startsWith("gelu") ? RandomFormulas.formula("gelu(x + bias) * u") : formula); // which keeps no slopes
  }

  private static void check(Formula formula) {
    assertThat(gradientError(formula)).isLessThan(1e-8);
    assertThat(loweringError(formula, true)).isLessThan(1e-5);
    assertThat(loweringError(formula, false)).isLessThan(1e-10);
  }

  @Test
  void gradientsOfFormulasDrawnAtRandomAreCentralDifferences() {
    all(text -> gradientError(RandomFormulas.formula(text)), 1e-6);
  }

  @Test
  void formulasDrawnAtRandomAreLoweredToWhatTheyAre() {
    all(text -> loweringError(RandomFormulas.formula(text), false), 1e-9);
    all(text -> loweringError(RandomFormulas.formula(text), true), 1e-3);
  }

  private static void all(ToDoubleFunction<String> error, double limit) {
    for (int seed = 0; seed < RANDOM; seed++) {
      Node node = RandomFormulas.draw(seed, 4);
      if (!(error.applyAsDouble(node.toString()) < limit)) {
        Node smallest = RandomFormulas.shrink(node, n -> !(error.applyAsDouble(n.toString()) < limit));
        assertThat(error.applyAsDouble(smallest.toString())).as("seed %d, %s", seed, smallest).isLessThan(limit);
      }
    }
  }

  private static Map<String, double[]> values(Formula formula) {
    Random r = new Random(formula.text().hashCode());
    Map<String, double[]> values = new HashMap<>(RandomFormulas.values(formula, WIDTH, r.nextLong()));
    values.put("x", r.doubles(ROWS * WIDTH, -1.5, 1.5).toArray());
    values.put("u", r.doubles(ROWS * WIDTH, -1.5, 1.5).toArray());
    values.put("dy", r.doubles(ROWS * WIDTH, -1, 1).toArray());
    return values;
  }

  /// Of every gradient, relative to the gradient's largest entry.
  private static double gradientError(Formula formula) {
    double worst = 0;
    for (double error : DerivativeCheck.errors(formula, ROWS, WIDTH, values(formula)).values()) {
      worst = Math.max(worst, error);
    }
    return worst;
  }

  /// A check that cannot fail would say nothing: sign's slope is 0 everywhere, its difference at a jump is not.
  @Test
  void aGradientThatIsNoneIsFound() {
    Formula formula = Formula.of("sign(x) + 0 * x", List.of(), Map.of(), false);
    assertThat(formula.gradients()).hasSize(1);
    Map<String, double[]> at = new HashMap<>(Map.of("x", new double[]{ 5e-5, 1 }, "dy", new double[]{ 1, 1 }));
    assertThat(DerivativeCheck.errors(formula, 1, 2, at).get("dx")).isGreaterThan(1000);
    assertThat(at.get("x")).containsExactly(5e-5, 1);
  }

  /// Of y and every gradient, as kernels compute them, relative to the largest entry.
  private static double loweringError(Formula formula, boolean machine) {
    Kernels kernels = formula.kernels(machine);
    List<Expr> lowered = new ArrayList<>(kernels.gradients());
    lowered.add(kernels.forward().passes().getLast().sinks().getLast().value());
    List<Expr> exact = new ArrayList<>(formula.gradients());
    exact.add(formula.outputs().getFirst());
    Interpreter interpreter = new Interpreter(ROWS, WIDTH, values(formula), machine); // polynomials need float32
    Interpreter definition = new Interpreter(ROWS, WIDTH, values(formula));
    double worst = 0;
    for (int k = 0; k < exact.size(); k++) {
      double[] a = definition.of(exact.get(k));
      double error = Workbench.difference(interpreter.of(lowered.get(k)), a);
      worst = Math.max(worst, error / Math.max(1e-3, Workbench.largest(a)));
    }
    return worst;
  }
}
