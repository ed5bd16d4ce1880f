package norma.train.report;

import static norma.train.report.Svg.escape;

import java.util.DoubleSummaryStatistics;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.DoubleFunction;
import norma.models.BlockName;

/// Numbers of slots or layers as a coloured table: what stands in a block has a column for each block, what the model has once is
/// one wide cell. The numbers stand in the cells, so that nothing depends on the colours.
///
/// @param title   heading of the table
/// @param numbers by name, `blocks.0.attn.pre` or `final`, in the order of the rows; rows without a finite number are left out
public record HeatMap(String title, Map<String, Double> numbers) {
  public HeatMap {
    numbers = new LinkedHashMap<>(numbers);
    numbers.values().removeIf(value -> !Double.isFinite(value));
  }

  /// How the colours of a scale lie between its ends.
  public enum Ramp {
    LINEAR, LOGARITHMIC,
    /// from blue for what is below 0 to orange for what is above, as far as the greatest magnitude
    AROUND_ZERO
  }

  /// The colours of all tables of one quantity, and how its numbers are written.
  ///
  /// @param low    has the first colour
  /// @param high   has the last colour
  /// @param ramp   how the colours lie between them
  /// @param format of a number in a cell, a few characters
  private record Shades(double low, double high, Ramp ramp, DoubleFunction<String> format) {

    /// Over all numbers; LOGARITHMIC leaves out what is not above 0.
    static Shades over(List<HeatMap> maps, Ramp ramp, DoubleFunction<String> format) {
      DoubleSummaryStatistics range = maps.stream().flatMap(map -> map.numbers.values().stream())
          .mapToDouble(Double::doubleValue).filter(value -> ramp != Ramp.LOGARITHMIC || value > 0).summaryStatistics();
      double most = Math.max(Math.abs(range.getMin()), Math.abs(range.getMax()));
      return ramp == Ramp.AROUND_ZERO
          ? new Shades(-most, most, ramp, format)
          : new Shades(range.getMin(), range.getMax(), ramp, format);
    }

    private int[] colour(double value) {
      double share = ramp == Ramp.LOGARITHMIC
          ? Math.log(Math.max(value, low) / low) / Math.log(high / low)
          : (value - low) / (high - low);
      int[][] stops = ramp == Ramp.AROUND_ZERO ? DIVERGING : BLUES;
      double at = (Double.isFinite(share) ? Math.clamp(share, 0, 1) : 0.5) * (stops.length - 1);
      int before = Math.min((int) at, stops.length - 2);
      int[] colour = new int[3];
      for (int c = 0; c < 3; c++) {
        colour[c] = (int) Math.round(stops[before][c] + (at - before) * (stops[before + 1][c] - stops[before][c]));
      }
      return colour;
    }

    private String style(double value) {
      int[] c = colour(value);
      double light = 0.299 * c[0] + 0.587 * c[1] + 0.114 * c[2]; // ITU-R BT.601
      return String.format(Locale.ROOT, "background:#%02x%02x%02x;color:%s", c[0], c[1], c[2],
          light < 140 ? "#fff" : "#222");
    }

    /// A strip with all colours between the two ends.
    String key() {
      StringBuilder stops = new StringBuilder();
      for (int i = 0; i <= 8; i++) {
        double value = ramp == Ramp.LOGARITHMIC
            ? low * Math.pow(high / low, i / 8.0)
            : low + (high - low) * i / 8;
        int[] c = colour(value);
        stops.append(String.format(Locale.ROOT, ",#%02x%02x%02x", c[0], c[1], c[2]));
      }
      return "<p class=\"note shades\">" + escape(format.apply(low)) + " <i style=\"background:linear-gradient(to right"
          + stops + ")\"></i> " + escape(format.apply(high))
          + (ramp == Ramp.LOGARITHMIC ? " (colours by the logarithm)" : "") + "</p>\n";
    }
  }

  /// ColorBrewer's Blues (colorbrewer2.org): light to dark in print and with any kind of colour vision.
  private static final int[][] BLUES = { { 0xf7, 0xfb, 0xff }, { 0xde, 0xeb, 0xf7 }, { 0xc6, 0xdb, 0xef },
      { 0x9e, 0xca, 0xe1 }, { 0x6b, 0xae, 0xd6 }, { 0x42, 0x92, 0xc6 }, { 0x21, 0x71, 0xb5 }, { 0x08, 0x51, 0x9c },
      { 0x08, 0x30, 0x6b } };
  /// Blue and vermilion of the palette in [Svg] with white between them.
  private static final int[][] DIVERGING = { { 0x00, 0x72, 0xb2 }, { 0xf7, 0xf7, 0xf7 }, { 0xd5, 0x5e, 0x00 } };

  /// The table.
  private String html(Shades shades) {
    Map<String, Map<Integer, Double>> rows = new LinkedHashMap<>();
    numbers.forEach((name, value) -> {
      BlockName place = BlockName.of(name);
      rows.computeIfAbsent(place.path(), _ -> new TreeMap<>()).put(place.block(), value);
    });
    int blocks = 1 + rows.values().stream().flatMap(row -> row.keySet().stream()).mapToInt(Integer::intValue).max()
        .orElse(-1);
    StringBuilder html = new StringBuilder("<table class=\"heat\"><caption>").append(escape(title))
        .append("</caption>");
    if (blocks > 0) {
      html.append("<thead><tr><th scope=\"col\">block</th>");
      for (int block = 0; block < blocks; block++) {
        html.append("<th scope=\"col\">").append(block).append("</th>");
      }
      html.append("</tr></thead>");
    }
    html.append("<tbody>");
    rows.forEach((name, row) -> {
      html.append("<tr><th scope=\"row\">").append(escape(name)).append("</th>");
      if (row.containsKey(-1)) {
        html.append(cell(row.getOrDefault(-1, Double.NaN), shades, Math.max(1, blocks)));
      } else {
        for (int block = 0; block < blocks; block++) {
          html.append(cell(row.getOrDefault(block, Double.NaN), shades, 1));
        }
      }
      html.append("</tr>");
    });
    return html.append("</tbody></table>\n").toString();
  }

  private static String cell(double value, Shades shades, int columns) {
    String span = columns > 1 ? " colspan=\"" + columns + "\"" : "";
    return Double.isFinite(value)
        ? "<td" + span + " style=\"" + shades.style(value) + "\">" + escape(shades.format.apply(value)) + "</td>"
        : "<td" + span + "></td>";
  }

  /// Several tables of one quantity side by side, below the key of their common colours.
  public static String panels(List<HeatMap> maps, Ramp ramp, DoubleFunction<String> format) {
    List<HeatMap> shown = maps.stream().filter(map -> !map.numbers.isEmpty()).toList();
    if (shown.isEmpty()) {
      return "";
    }
    Shades shades = Shades.over(shown, ramp, format);
    StringBuilder html = new StringBuilder(shades.key()).append("<div class=\"heats\">\n");
    shown.forEach(map -> html.append("<div class=\"scroll\">").append(map.html(shades)).append("</div>\n"));
    return html.append("</div>\n").toString();
  }
}
