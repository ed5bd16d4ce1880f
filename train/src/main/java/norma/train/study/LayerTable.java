package norma.train.study;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import norma.models.BlockName;
import norma.train.metrics.Event;
import norma.train.metrics.Median;
import norma.train.report.Decimals;
import norma.train.report.HeatMap;
import norma.train.report.HeatMap.Ramp;
import norma.train.report.Table;

/// Where a step's time goes: each layer's median over the timed steps of all seeds.
final class LayerTable {
  private LayerTable() {}

  /// Forward and backward in milliseconds, a row for each variant; what stands in every block is summed over the blocks.
  static String sums(List<VariantRuns> variants) {
    Map<String, Map<String, Double>> rows = new LinkedHashMap<>();
    for (VariantRuns variant : variants) {
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
    Table<Map.Entry<String, Map<String, Double>>> table = new Table<Map.Entry<String, Map<String, Double>>>()
        .name("variant", Map.Entry::getKey);
    for (String place : places) {
      table = table.number(place, row -> millis(row.getValue().getOrDefault(place, Double.NaN)));
    }
    return table
        .number("sum", row -> millis(row.getValue().values().stream().mapToDouble(Double::doubleValue).sum()))
        .html("", List.copyOf(rows.entrySet()));
  }

  /// Thousands of tokens a second through every layer, forward and backward.
  static String byBlock(List<VariantRuns> variants) {
    return HeatMap.panels(
        variants.stream().map(v -> new HeatMap(v.name(), medians(v, layer -> layer.tokensPerSecond() / 1e3))).toList(),
        Ramp.LOGARITHMIC, Decimals::count);
  }

  private static Map<String, Double> medians(VariantRuns variant, ToDoubleFunction<Event.Layer> number) {
    return variant.runs().stream().flatMap(run -> run.layers().stream()).flatMap(timed -> timed.layers().stream())
        .collect(Collectors.groupingBy(Event.Layer::layer, LinkedHashMap::new,
            Collectors.collectingAndThen(Collectors.toList(),
                layers -> Median.ofFinite(layers.stream().mapToDouble(number).toArray()))));
  }

  private static String millis(double millis) {
    return Decimals.formatOr("", "%.2f", millis);
  }
}
