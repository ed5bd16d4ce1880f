package norma.train.study;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import norma.train.report.Chart;
import norma.train.report.Chart.Scale;
import norma.train.report.Decimals;
import norma.train.report.Series;
import norma.train.report.Series.Kind;
import norma.train.report.Series.Point;
import norma.train.report.Svg;
import norma.train.report.Table;
import norma.train.study.PairedDifferences.Interval;
import norma.train.study.StudySummary.Row;

/// The loss of each variant over a number of the grid, and the value that is best. Rates are left to [StabilityCard], which knows of divergence.
///
/// @param rows one for each value of each curve
record GridCurves(List<Value> rows) {
  GridCurves {
    rows = List.copyOf(rows);
  }

  /// A variant at one value.
  ///
  /// @param curve  name of the variant, with its point on the grid's other axes
  /// @param axis   the setting
  /// @param losses best validation losses by seed
  /// @param best   of the curve; empty while no value has all seeds
  record Value(String curve, String axis, double value, Map<Long, Double> losses, Optional<Value> best) {
    Value {
      losses = new LinkedHashMap<>(losses);
    }

    private boolean isBest() {
      return best.filter(other -> other.value == value).isPresent();
    }

    /// Differences to the best value with the same seed; nothing at the best itself.
    private Optional<PairedDifferences> toBest() {
      return best.filter(other -> other.value != value).map(other -> minus(other.losses));
    }

    private PairedDifferences alone() {
      return PairedDifferences.alone(losses.values().stream().mapToDouble(Double::doubleValue).toArray());
    }

    private PairedDifferences minus(Map<Long, Double> other) {
      List<Long> seeds = losses.keySet().stream().filter(other::containsKey).toList();
      return new PairedDifferences(seeds.stream().mapToDouble(losses::get).toArray(),
          seeds.stream().mapToDouble(other::get).toArray());
    }

    private double mean() {
      return alone().mean();
    }
  }

  /// Takes the curves over every axis of numbers.
  static GridCurves of(StudySummary summary) {
    Map<String, List<Value>> curves = new LinkedHashMap<>();
    for (Row row : summary.rows()) {
      for (String setting : row.variant().point()) {
        String axis = setting.substring(0, setting.indexOf('='));
        Optional<Double> value = number(setting.substring(axis.length() + 1));
        if (value.isPresent() && !axis.equals("optim.lr")) {
          String curve = row.variant().base() + row.variant().point().stream().filter(other -> !other.equals(setting))
              .map(other -> " " + other).collect(Collectors.joining());
          Map<Long, Double> losses = new LinkedHashMap<>();
          row.results().forEach((seed, result) -> {
            if (result.completed()) {
              losses.put(seed, result.bestLoss());
            }
          });
          curves.computeIfAbsent(axis + curve + row.variant().candidates().getFirst().validation(),
              _ -> new ArrayList<>()).add(new Value(curve, axis, value.get(), losses, Optional.empty()));
        }
      }
    }
    int seeds = summary.study().seeds().size();
    return new GridCurves(curves.values().stream().filter(curve -> curve.size() > 1)
        .flatMap(curve -> beside(best(curve, seeds), curve).stream()).toList());
  }

  /// The lowest mean, of the values at which every seed was trained.
  private static Optional<Value> best(List<Value> curve, int seeds) {
    return curve.stream().filter(value -> value.losses.size() == seeds).min(Comparator.comparingDouble(Value::mean));
  }

  private static List<Value> beside(Optional<Value> best, List<Value> curve) {
    return curve.stream().sorted(Comparator.comparingDouble(Value::value))
        .map(value -> new Value(value.curve, value.axis, value.value, value.losses, best)).toList();
  }

  private static Optional<Double> number(String text) {
    try {
      return Optional.of(Double.valueOf(text));
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  /// A row for each value.
  Table<Value> table() {
    return new Table<Value>().name("variant", Value::curve).text("setting", Value::axis)
        .number("value", value -> Decimals.setting(value.value))
        .number("best val loss", value -> Decimals.formatOr("", "%.4f", value.mean()))
        .number("95 % interval", value -> SummaryText.losses(value.alone().studentInterval()))
        .number("to the best value",
            value -> value.isBest() ? "best" : value.toBest().map(d -> SummaryText.signed(d.mean())).orElse(""))
        .number("its 95 % interval",
            value -> value.toBest().map(d -> SummaryText.interval(d.studentInterval())).orElse(""));
  }

  /// The answer of a study that is one curve: its best value, and which others are told apart from it.
  Optional<String> answer() {
    return curves().size() == 1 ? sentences().findFirst() : Optional.empty();
  }

  /// The same of each curve of a study that has several.
  List<String> remarks() {
    return curves().size() == 1 ? List.of() : sentences().toList();
  }

  private Stream<String> sentences() {
    return curves().values().stream()
        .flatMap(curve -> curve.stream().filter(Value::isBest).map(best -> sentence(best, curve)));
  }

  private String sentence(Value best, List<Value> curve) {
    boolean edge = best.equals(curve.getFirst()) || best.equals(curve.getLast());
    return String.format(Locale.ROOT,
        "Best %s%s: %s (mean loss %.4f)%s. Told apart from it by the 95 %% interval of the "
            + "paired difference, uncorrected: %s; not told apart: %s",
        best.axis,
        curves().size() == 1 ? "" : " of " + best.curve, Decimals.setting(best.value), best.mean(),
        edge ? ", at the edge of the grid: a wider one might find a better value" : "", beside(curve, false),
        beside(curve, true));
  }

  /// The other values that are alike, or those that are not, with their differences to the best one.
  private static String beside(List<Value> curve, boolean alike) {
    String values = curve.stream().filter(value -> value.toBest().filter(d -> holdsZero(d) == alike).isPresent())
        .map(value -> Decimals.setting(value.value) + value.toBest().filter(d -> d.pairs() > 0).map(
            d -> (" is " + SummaryText.signed(d.mean()) + " " + SummaryText.interval(d.studentInterval()))
                .stripTrailing())
            .orElse(""))
        .collect(Collectors.joining(", "));
    return values.isEmpty() ? "none" : values;
  }

  private static boolean holdsZero(PairedDifferences differences) {
    Interval interval = differences.studentInterval();
    return !(interval.low() > 0 || interval.high() < 0); // also where it is unknown
  }

  private Map<String, List<Value>> curves() {
    return rows.stream().collect(Collectors.groupingBy(value -> value.axis + " " + value.curve, LinkedHashMap::new,
        Collectors.toList()));
  }

  /// A chart for each axis, or several where there are more curves than colours.
  String charts() {
    StringBuilder html = new StringBuilder();
    rows.stream().map(Value::axis).distinct().forEach(axis -> {
      List<List<Value>> all = curves().values().stream().filter(curve -> curve.getFirst().axis.equals(axis))
          .map(curve -> curve.stream().filter(value -> !value.losses.isEmpty()).toList())
          .filter(curve -> !curve.isEmpty()).toList();
      for (int from = 0; from < all.size(); from += Svg.COLOURS) {
        List<Series> series = new ArrayList<>();
        for (List<Value> curve : all.subList(from, Math.min(all.size(), from + Svg.COLOURS))) {
          series.add(new Series(curve.getFirst().curve, series.size(), Kind.MARKED,
              curve.stream().map(GridCurves::point).toList()));
        }
        boolean log = all.stream().flatMap(List::stream).allMatch(value -> value.value > 0);
        html.append(new Chart("", axis, "best loss (nats)", log ? Scale.LOG : Scale.TIGHT, Scale.WHOLE,
            series).figure(Chart.Size.ANY));
      }
    });
    return html.toString();
  }

  private static Point point(Value value) {
    Interval interval = value.alone().studentInterval();
    return Double.isNaN(interval.low())
        ? new Point(value.value, value.mean())
        : new Point(value.value, value.mean(), interval.low(), interval.high());
  }
}
