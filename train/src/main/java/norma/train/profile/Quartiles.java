package norma.train.profile;

import java.util.Collection;

/// A measurement that was repeated.
///
/// @param median  of all
/// @param low     first quartile
/// @param high    third quartile
public record Quartiles(double median, double low, double high) {
  /// Quartiles by linear interpolation between the order statistics.
  ///
  /// @throws IllegalArgumentException if there is no value
  public static Quartiles of(Collection<Double> values) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    if (sorted.length == 0) {
      throw new IllegalArgumentException("no value has no median");
    }
    return new Quartiles(quantile(sorted, 0.5), quantile(sorted, 0.25), quantile(sorted, 0.75));
  }

  private static double quantile(double[] sorted, double q) {
    double position = q * (sorted.length - 1);
    int below = (int) position;
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
  }
}
