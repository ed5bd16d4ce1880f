package norma.train.study;

import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import norma.train.report.Series.Point;

/// A curve over the steps that several runs, or several slots, have in common: the mean, and the range from the lowest to the highest.
final class SeedCurve {
  private final Map<Integer, List<Double>> byStep = new TreeMap<>();

  /// Adds one value; one that is not finite is no value.
  void add(int step, double value) {
    if (Double.isFinite(value)) {
      byStep.computeIfAbsent(step, _ -> new ArrayList<>()).add(value);
    }
  }

  boolean isEmpty() {
    return byStep.isEmpty();
  }

  /// Arithmetic means.
  List<Point> means() {
    List<Point> points = new ArrayList<>();
    byStep.forEach((step, values) -> {
      DoubleSummaryStatistics s = values.stream().collect(Collectors.summarizingDouble(Double::doubleValue));
      points.add(new Point(step, s.getAverage(), s.getMin(), s.getMax()));
    });
    return points;
  }

  /// Geometric means of positive values, for a logarithmic axis.
  List<Point> geometricMeans() {
    List<Point> points = new ArrayList<>();
    byStep.forEach((step, values) -> {
      DoubleSummaryStatistics s = values.stream().filter(v -> v > 0)
          .collect(Collectors.summarizingDouble(Math::log));
      if (s.getCount() > 0) {
        points.add(new Point(step, Math.exp(s.getAverage()), Math.exp(s.getMin()), Math.exp(s.getMax())));
      }
    });
    return points;
  }

  /// The mean of the finite numbers; NaN without any.
  static double mean(List<Double> numbers) {
    return numbers.stream().mapToDouble(Double::doubleValue).filter(Double::isFinite).average().orElse(Double.NaN);
  }
}
