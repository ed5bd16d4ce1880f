package norma.train.report;

import java.util.Locale;

/// An axis: its range and the round numbers on it.
///
/// @param min  first value of the axis
/// @param max  last value of the axis, greater than `min`
/// @param step distance of two ticks: 1, 2 or 5 times a power of ten
public record Ticks(double min, double max, double step) {

  /// An axis over exactly [min, max], with about `count` ticks inside.
  ///
  /// @param wholeNumbers whether the axis counts things: no tick between two whole numbers
  public static Ticks over(double min, double max, int count, boolean wholeNumbers) {
    double span = max > min ? max - min : 1;
    double step = niceStep(span / count);
    return new Ticks(min, min + span, wholeNumbers ? Math.max(1, step) : step);
  }

  /// An axis that contains [min, max] and begins and ends with a tick.
  public static Ticks around(double min, double max, int count) {
    if (!(max > min)) { // one value: an axis around it, so that it stands in the middle
      double pad = min == 0 ? 1 : Math.abs(min) * 0.1;
      return around(min - pad, max + pad, count);
    }
    double step = niceStep((max - min) / count);
    double first = Math.floor(min / step + 1e-9);
    double last = Math.ceil(max / step - 1e-9);
    return new Ticks(first * step, last * step, step);
  }

  /// The smallest of 1, 2, 5 times a power of ten that is at least `atLeast`.
  static double niceStep(double atLeast) {
    double power = Math.pow(10, Math.floor(Math.log10(atLeast)));
    for (int factor : new int[]{ 1, 2, 5 }) {
      if (factor * power >= atLeast * (1 - 1e-9)) {
        return factor * power;
      }
    }
    return 10 * power;
  }

  /// The ticks, each an exact multiple of `step` up to rounding.
  public double[] values() {
    long first = (long) Math.ceil(min / step - 1e-9);
    long last = (long) Math.floor(max / step + 1e-9);
    double[] values = new double[(int) (last - first + 1)];
    for (int i = 0; i < values.length; i++) {
      values[i] = (first + i) * step;
    }
    return values;
  }

  /// A tick's label: as many decimals as `step` needs, thousands set apart, powers of ten for the very small and large.
  public String label(double value) {
    int exponent = (int) Math.floor(Math.log10(step) + 1e-9);
    if (Math.abs(value) < step / 2) {
      return "0";
    }
    if (exponent < -4 || Math.abs(value) >= 1e7) {
      return String.format(Locale.ROOT, "%.2e", value).replaceFirst("\\.?0+e", "e")
          .replaceFirst("e([+-])0*(\\d)", "e$1$2")
          .replace("e+", "e");
    }
    return String.format(Locale.ROOT, "%,." + Math.max(0, -exponent) + "f", value);
  }
}
