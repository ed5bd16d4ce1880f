package norma.train.metrics;

import java.util.Arrays;
import java.util.Collection;

/// The middle number, or the mean of the two in the middle.
public final class Median {
  private Median() {}

  /// NaN of none.
  public static double of(double... numbers) {
    double[] sorted = numbers.clone();
    Arrays.sort(sorted);
    int n = sorted.length;
    return n == 0 ? Double.NaN : (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
  }

  /// NaN of none.
  public static double of(Collection<Double> numbers) {
    return of(numbers.stream().mapToDouble(Double::doubleValue).toArray());
  }

  /// Of the finite numbers; NaN if there is none.
  public static double ofFinite(double... numbers) {
    return of(Arrays.stream(numbers).filter(Double::isFinite).toArray());
  }
}
