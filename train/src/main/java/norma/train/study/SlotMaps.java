package norma.train.study;

import java.util.List;
import java.util.Locale;
import java.util.function.DoubleFunction;
import java.util.function.Function;
import norma.train.metrics.Event;
import norma.train.report.HeatMap;
import norma.train.report.HeatMap.Ramp;
import norma.train.report.Svg;
import norma.train.report.Template;

/// Numbers of the last probes, slot by block: a table for each variant, means over the seeds.
final class SlotMaps {
  private SlotMaps() {}

  /// A number of a slot.
  ///
  /// @param title  what it is, with its unit
  /// @param note   how to read it
  private record Quantity(String title, String note, Ramp ramp, DoubleFunction<String> format,
      Function<Event.Slot, Double> number) {}

  private static final List<Quantity> QUANTITIES = List.of(
      new Quantity("slope \u00d7 std of the input",
          "Slope of the squashing function (\u03b1, 1/\u221a\u03b2) times the standard deviation of the input: below 0.3 the slot works in its linear part, from 1 on it squashes.",
          Ramp.LOGARITHMIC, SlotMaps::digits, slot -> slot.slope() / slot.invStd()),
      new Quantity("saturation (%)",
          "Share of the inputs in the flat part of the curve, where the argument is beyond \u00b12, of a clamp beyond \u00b11.",
          Ramp.LINEAR, share -> String.format(Locale.ROOT, "%.0f", 100 * share), Event.Slot::saturation),
      new Quantity("kurtosis over channels",
          "Of the channels' root mean squares: 1 when all channels are alike, the width when one has everything.",
          Ramp.LOGARITHMIC, SlotMaps::digits, Event.Slot::inKurtosis),
      new Quantity("RMS of the input", "Root mean square of what enters the slot.", Ramp.LOGARITHMIC,
          SlotMaps::digits, Event.Slot::inRms));

  static String of(List<VariantRuns> variants) {
    StringBuilder html = new StringBuilder();
    for (Quantity quantity : QUANTITIES) {
      String panels = HeatMap.panels(
          variants.stream().map(v -> new HeatMap(v.name(), v.lastProbe(quantity.number))).toList(), quantity.ramp,
          quantity.format);
      if (!panels.isEmpty()) {
        html.append(Template.details(html.isEmpty(), Svg.escape(quantity.title),
            "<p class=\"note\">" + Svg.escape(quantity.note) + "</p>\n" + panels));
      }
    }
    return html.toString();
  }

  /// Two digits that mean something, at most four characters where the size allows.
  static String digits(double value) {
    double size = Math.abs(value);
    return size >= 9.95 || size == 0
        ? String.format(Locale.ROOT, "%.0f", value)
        : String.format(Locale.ROOT, size >= 0.995 ? "%.1f" : size >= 0.0995 ? "%.2f" : "%.3f", value);
  }
}
