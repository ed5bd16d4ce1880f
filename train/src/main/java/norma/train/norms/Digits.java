package norma.train.norms;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import norma.formula.Curve;
import norma.kernels.Backend;
import norma.train.report.Decimals;
import norma.train.report.Table;

/// How many decimal digits a formula's kernels keep, by the magnitude of x.
///
/// @param of by `y`, `dx`, `dweight`, ...: digits of the largest value that the largest error leaves, for |x| from [#LEAST] to [#MOST]
record Digits(Map<String, List<Double>> of) {
  /// Powers of ten.
  static final int LEAST = -6;
  static final int MOST = 6;
  /// Digits of float32.
  private static final double ALL = 7.2;
  private static final double FEW = 3;
  private static final int ROWS = 8;

  /// Measures at magnitudes of x between a power of ten and twice it, against float64.
  static Digits measured(Backend backend, Curve curve) {
    FormulaCall call = new FormulaCall(backend, backend.kernels(), curve, ROWS);
    Map<String, List<Double>> digits = new LinkedHashMap<>();
    Random random = new Random(1);
    for (int power = LEAST; power <= MOST; power++) {
      double size = Math.pow(10, power);
      double[] x = random.doubles(ROWS * (long) curve.width()).map(u -> size * (u < 0.5 ? -1 - 2 * u : 2 * u))
          .toArray();
      call.on(x, random.doubles(x.length, -1, 1).toArray());
      call.forward();
      call.backward();
      backend.synchronize();
      Map<String, double[]> computed = call.computed();
      call.exact().forEach((name, exact) -> digits.computeIfAbsent(name, _ -> new ArrayList<>())
          .add(digits(computed.getOrDefault(name, exact), exact)));
    }
    return new Digits(digits);
  }

  private static double digits(double[] computed, double[] exact) {
    double largest = 0;
    double error = 0;
    for (int i = 0; i < computed.length; i++) {
      double expected = exact[exact.length == 1 ? 0 : i];
      largest = Math.max(largest, Math.abs(expected));
      error = Math.max(error, Math.abs(computed[i] - expected)); // NaN stays
    }
    double digits = error == 0 ? ALL : -Math.log10(error / largest);
    return digits > 0 ? Math.min(ALL, digits) : 0; // 0 for NaN too
  }

  /// A heading and a line for each.
  List<String> lines() {
    Table<Map.Entry<String, List<Double>>> table = new Table<Map.Entry<String, List<Double>>>()
        .name("|x| = 10^", Map.Entry::getKey);
    for (int power = LEAST; power <= MOST; power++) {
      int i = power - LEAST;
      table = table.number(Integer.toString(power), row -> Decimals.format("%.1f", row.getValue().get(i)));
    }
    return table.lines(List.copyOf(of.entrySet()));
  }

  /// The names of what keeps less than three digits somewhere.
  List<String> lost() {
    return of.entrySet().stream().filter(e -> e.getValue().stream().anyMatch(d -> d < FEW)).map(Map.Entry::getKey)
        .toList();
  }
}
