package norma.train.study;

import static norma.train.report.Svg.escape;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import norma.models.BlockName;
import norma.train.metrics.Event;
import norma.train.report.Chart;
import norma.train.report.Decimals;
import norma.train.report.Figures;
import norma.train.report.Series;
import norma.train.report.Series.Kind;
import norma.train.report.Svg;
import norma.train.report.Template;

/// The scalars of each variant's norms, and how the slope of each squashing function goes with 1/std of its input, which it is said to
/// follow (DyT, arXiv:2503.10622, section 6.2).
final class ProbeCharts {
  /// Variants whose charts are open; those of the others wait for a click.
  private static final int OPEN = 4;

  private ProbeCharts() {}

  static String of(List<VariantRuns> variants, Figures figures) {
    List<VariantRuns> shown = variants.stream().filter(v -> v.slots().anyMatch(slot -> !slot.scalars().isEmpty()
        || Double.isFinite(slot.slope()))).toList();
    StringBuilder html = new StringBuilder();
    for (VariantRuns variant : shown) {
      html.append(Template.details(shown.size() <= OPEN, escape(variant.name()) + correlation(variant),
          "<div class=\"panels places\">" + charts(variant, figures) + "</div>"));
    }
    return html.toString();
  }

  /// What the charts show beside the means, for their caption.
  static String range(List<VariantRuns> variants) {
    return variants.stream().flatMap(variant -> variant.runs().stream()).anyMatch(run -> run.norms().size() > 1)
        ? "The shading reaches from the lowest to the highest block."
        : "Each run has one probe, so each mean is a dot.";
  }

  /// Two charts for each place in the blocks, over all blocks and seeds: slopes, and scalars.
  private static String charts(VariantRuns variant, Figures figures) {
    Map<String, List<Series>> slopes = new LinkedHashMap<>();
    curves(variant, Event.Slot::slope)
        .forEach((place, curve) -> add(slopes, place, "slope", 0, Kind.LINE, curve.geometricMeans()));
    curves(variant, slot -> Double.isFinite(slot.slope()) ? slot.invStd() : Double.NaN)
        .forEach((place, curve) -> add(slopes, place, "1/std of input", 1, Kind.DASHED, curve.geometricMeans()));
    Map<String, List<Series>> scalars = new LinkedHashMap<>();
    Set<String> names = variant.slots().flatMap(slot -> slot.scalars().keySet().stream())
        .collect(Collectors.toCollection(TreeSet::new));
    for (String name : names) {
      curves(variant, slot -> slot.scalars().getOrDefault(name, Double.NaN))
          .forEach((place, curve) -> add(scalars, place,
              name, scalars.getOrDefault(place, List.of()).size() % Svg.COLOURS, Kind.LINE, curve.means()));
    }
    StringBuilder html = new StringBuilder();
    append(html, slopes, Chart.Scale.LOG, figures);
    append(html, scalars, Chart.Scale.TIGHT, figures);
    return html.toString();
  }

  private static void append(StringBuilder html, Map<String, List<Series>> places, Chart.Scale scale, Figures figures) {
    places.forEach((place, series) -> html.append("<div><h3>").append(escape(place)).append("</h3>")
        .append(figures.add(new Chart("", "step", "", scale, series), Chart.Size.PANEL)).append("</div>"));
  }

  private static void add(Map<String, List<Series>> places, String place, String name, int colour, Kind kind,
      List<Series.Point> points) {
    if (!points.isEmpty()) {
      places.computeIfAbsent(place, _ -> new ArrayList<>()).add(new Series(name, colour, kind, points));
    }
  }

  /// A quantity over the steps by place: `attn.pre`, `final`. Each block's mean over the seeds counts as one value.
  private static Map<String, SeedCurve> curves(VariantRuns variant, ToDoubleFunction<Event.Slot> quantity) {
    Map<String, Map<Integer, List<Double>>> slots = new LinkedHashMap<>();
    for (RunReading run : variant.runs()) {
      for (Event.Norm norm : run.norms()) {
        for (Event.Slot slot : norm.slots()) {
          slots.computeIfAbsent(slot.slot(), _ -> new TreeMap<>()).computeIfAbsent(norm.step(), _ -> new ArrayList<>())
              .add(quantity.applyAsDouble(slot));
        }
      }
    }
    Map<String, SeedCurve> curves = new LinkedHashMap<>();
    slots.forEach((slot, steps) -> {
      SeedCurve curve = curves.computeIfAbsent(BlockName.of(slot).path(), _ -> new SeedCurve());
      steps.forEach((step, values) -> curve.add(step, SeedCurve.mean(values)));
    });
    return curves;
  }

  /// Pearson's, of the slope and 1/std over the slots at the last probe.
  private static String correlation(VariantRuns variant) {
    Map<String, Double> slopes = variant.lastProbe(Event.Slot::slope);
    Map<String, Double> inverse = variant.lastProbe(Event.Slot::invStd);
    slopes.values().removeIf(slope -> !Double.isFinite(slope));
    inverse.keySet().retainAll(slopes.keySet());
    return Decimals.signed(" <span class=\"note\">r over " + slopes.size() + " slots at the end: %.2f</span>",
        PairedDifferences.correlation(values(slopes), values(inverse)));
  }

  private static double[] values(Map<String, Double> bySlot) {
    return bySlot.values().stream().mapToDouble(Double::doubleValue).toArray();
  }
}
