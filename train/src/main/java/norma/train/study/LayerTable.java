package norma.train.study;

import static norma.train.report.Svg.escape;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import norma.train.metrics.Event;
import norma.train.report.HeatMap;
import norma.models.BlockName;
import norma.train.report.HeatMap.Shades.Spread;
import norma.train.metrics.Median;

/// Where a step's time goes: each layer's median over the timed steps of all seeds.
final class LayerTable {
  private static final double THOUSAND = 1e3;

  private LayerTable() {}

  /// Forward and backward in milliseconds, a row for each variant; what stands in every block is summed over the blocks.
  static String sums(List<Observed> variants) {
    Map<String, Map<String, Double>> rows = new LinkedHashMap<>();
    for (Observed variant : variants) {
      Map<String, Double> row = new LinkedHashMap<>();
      medians(variant, Event.Layer::millis).forEach((layer, millis) -> {
        if (Double.isFinite(millis)) {
          row.merge(BlockName.of(layer).path(), millis, Double::sum);
        }
      });
      if (!row.isEmpty()) {
        rows.put(variant.name(), row);
      }
    }
    if (rows.isEmpty()) {
      return "";
    }
    Set<String> places = new LinkedHashSet<>(); // in the order of a model that has most of them
    rows.values().stream().sorted(Comparator.comparingInt((Map<String, Double> row) -> row.size()).reversed())
        .forEach(row -> places.addAll(row.keySet()));
    StringBuilder html = new StringBuilder("<thead><tr><th scope=\"col\">variant</th>");
    places.forEach(place -> html.append("<th scope=\"col\" class=\"n\">").append(escape(place)).append("</th>"));
    html.append("<th scope=\"col\" class=\"n\">sum</th></tr></thead>\n<tbody>\n");
    rows.forEach((variant, row) -> {
      html.append("<tr><th scope=\"row\">").append(escape(variant)).append("</th>");
      places.forEach(place -> html.append(cell(row.getOrDefault(place, Double.NaN))));
      html.append(cell(row.values().stream().mapToDouble(Double::doubleValue).sum())).append("</tr>\n");
    });
    return html.append("</tbody>").toString();
  }

  /// Thousands of tokens a second through every layer, forward and backward.
  static String byBlock(List<Observed> variants) {
    return HeatMap.panels(variants.stream().map(v -> {
      Map<String, Double> numbers = medians(v, layer -> layer.tokensPerSecond() / THOUSAND);
      return new HeatMap(v.name(), numbers);
    }).toList(), Spread.LOGARITHMIC, value -> String.format(Locale.ROOT, "%,.0f", value));
  }

  private static Map<String, Double> medians(Observed variant, ToDoubleFunction<Event.Layer> number) {
    Map<String, List<Double>> byLayer = new LinkedHashMap<>();
    for (RunReading run : variant.runs()) {
      for (Event.Layers timed : run.layers()) {
        timed.layers().forEach(layer -> byLayer.computeIfAbsent(layer.layer(), _ -> new ArrayList<>())
            .add(number.applyAsDouble(layer)));
      }
    }
    Map<String, Double> medians = new LinkedHashMap<>();
    byLayer.forEach((layer, numbers) -> medians.put(layer,
        Median.ofFinite(numbers.stream().mapToDouble(Double::doubleValue).toArray())));
    return medians;
  }

  private static String cell(double millis) {
    return "<td class=\"n\">" + (Double.isFinite(millis) ? String.format(Locale.ROOT, "%.2f", millis) : "") + "</td>";
  }
}
