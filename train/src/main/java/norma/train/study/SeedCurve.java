package norma.train.study;

import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.DoublePredicate;
import java.util.function.DoubleUnaryOperator;
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
    return points(value -> true, DoubleUnaryOperator.identity(), DoubleUnaryOperator.identity());
  }

  /// Geometric means of positive values, for a logarithmic axis.
  List<Point> geometricMeans() {
    return points(value -> value > 0, Math::log, Math::exp);
  }

  private List<Point> points(DoublePredicate counted, DoubleUnaryOperator in, DoubleUnaryOperator out) {
    List<Point> points = new ArrayList<>();
    byStep.forEach((step, values) -> {
      DoubleSummaryStatistics s = values.stream().mapToDouble(Double::doubleValue).filter(counted).map(in)
          .summaryStatistics();
      if (s.getCount() > 0) {
        points.add(new Point(step, out.applyAsDouble(s.getAverage()), out.applyAsDouble(s.getMin()),
            out.applyAsDouble(s.getMax())));
      }
    });
    return points;
  }

  /// The mean of the finite numbers; NaN without any.
  static double mean(List<Double> numbers) {
    return numbers.stream().mapToDouble(Double::doubleValue).filter(Double::isFinite).average().orElse(Double.NaN);
  }
}
