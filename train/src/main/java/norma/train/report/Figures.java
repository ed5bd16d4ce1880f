package norma.train.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import norma.train.report.Series.Point;
import tools.jackson.databind.json.JsonMapper;

/// The charts of one page: each drawn as SVG, and its numbers kept for the script that shows values under the pointer,
/// zooms and hides curves.
public final class Figures {
  private static final JsonMapper JSON = new JsonMapper();
  private static final MathContext SIX_DIGITS = new MathContext(6); // more than a pointer can tell apart

  private final List<Object> data = new ArrayList<>();

  /// A [Chart#figure] whose numbers are kept.
  public String add(Chart chart, Chart.Size... sizes) {
    assert chart.xScale() != Chart.Scale.LOG : "the script has no logarithmic x axis";
    String figure = chart.figure(List.of(sizes), "data-series", data.size());
    data.add(chart.drawn(sizes[0]).stream().map(Figures::numbers).toList());
    return figure;
  }

  /// All numbers as JSON that can stand in a script element: `<` is written as an escape.
  public String json() {
    return JSON.writeValueAsString(data).replace("<", "\\u003c");
  }

  private static Map<String, Object> numbers(Series s) {
    List<Point> points = Series.finite(s.points());
    Map<String, Object> numbers = new LinkedHashMap<>();
    numbers.put("name", s.name());
    numbers.put("colour", s.colour());
    numbers.put("x", points.stream().map(p -> (long) p.x()).toList());
    numbers.put("y", list(points, Point::y));
    if (s.shaded()) {
      numbers.put("low", list(points, Point::low));
      numbers.put("high", list(points, Point::high));
    }
    return numbers;
  }

  private static List<BigDecimal> list(List<Point> points, ToDoubleFunction<Point> number) {
    return points.stream().map(p -> new BigDecimal(number.applyAsDouble(p), SIX_DIGITS)).toList();
  }
}
