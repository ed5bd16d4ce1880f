package norma.formula;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/// A formula's derived gradients against central differences, in float64, without a kernel or a tape ([norma.autodiff] has that).
public final class DerivativeCheck {
  private static final int ROWS = 3;
  private static final double STEP = 1e-4;
  /// Of each value, away from where it stands.
  private static final double NEAR = 0.1;

  private DerivativeCheck() {}

  /// How far each gradient is from central differences at some tokens and near a curve's values: the largest error, relative to the gradient's
  /// largest element.
  ///
  /// @return by `dx`, `dweight`, ...
  public static Map<String, Double> errors(Curve curve) {
    Random random = new Random(1);
    Map<String, double[]> at = new TreeMap<>();
    curve.formula().parameters().forEach(p -> at.put(p.name(), Arrays.stream(curve.value(p)).map(v -> {
      double change = NEAR * (random.nextDouble() - 0.5);
      return v == 0 ? change : v * (1 + change);
    }).toArray()));
    at.put("x", random.doubles(ROWS * (long) curve.width(), -3, 3).toArray());
    at.put("dy", random.doubles(ROWS * (long) curve.width(), -1, 1).toArray());
    return errors(curve.formula(), ROWS, curve.width(), at);
  }

  /// @param at values of the inputs and dy (R, C) and of every parameter by name; given back unchanged
  static Map<String, Double> errors(Formula formula, int rows, int width, Map<String, double[]> at) {
    List<Expr> gradients = formula.gradients();
    List<String> names = new ArrayList<>(formula.inputs());
    formula.parameters().forEach(p -> names.add(p.name()));
    Interpreter exact = new Interpreter(rows, width, at);
    Map<String, Double> errors = new LinkedHashMap<>();
    for (int k = 0; k < names.size(); k++) {
      double[] gradient = exact.of(gradients.get(k));
      double largest = Math.max(1e-3, Arrays.stream(gradient).map(Math::abs).max().orElse(0));
      double[] variable = at.getOrDefault(names.get(k), new double[0]);
      double worst = 0;
      for (int i = 0; i < variable.length; i++) {
        double error = Math.abs(gradient[gradient.length == 1 ? 0 : i]
            - difference(formula, rows, width, at, variable, i)) / largest;
        worst = Math.max(worst, error); // NaN stays
      }
      errors.put("d" + names.get(k), worst);
    }
    return errors;
  }

  /// The derivative of `sum(dy y)` by one number, of fourth order.
  private static double difference(Formula formula, int rows, int width, Map<String, double[]> at, double[] variable,
      int i) {
    double was = variable[i];
    double sum = 0;
    for (int step : new int[]{ -2, -1, 1, 2 }) {
      variable[i] = was + STEP * step;
      double[] y = new Interpreter(rows, width, at).of(formula.outputs().getFirst());
      double[] dy = at.getOrDefault("dy", new double[0]);
      double value = 0;
      for (int j = 0; j < y.length; j++) {
        value += y[j] * dy[j];
      }
      sum += (Math.abs(step) == 1 ? 8 * step : -step / 2) * value;
    }
    variable[i] = was;
    return sum / (12 * STEP);
  }
}
