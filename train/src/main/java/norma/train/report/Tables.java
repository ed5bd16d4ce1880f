package norma.train.report;

import static norma.train.report.Svg.escape;

import norma.train.metrics.Event;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The tables of the report, as HTML, and how pages write numbers.
public final class Tables {
  private static final int LONG = 30; // of a type: a formula that is written in several lines
  private static final String NONE = "\u2013"; // in place of a number

  private Tables() {}

  /// Validation at every evaluation; the best row is marked.
  static String evals(List<Event.Eval> evals, int bestStep) {
    StringBuilder rows = new StringBuilder(
        head("step", "training loss, estimate", "validation loss, " + evals.getLast().kind(), "bits/char"));
    for (Event.Eval e : evals) {
      rows.append(e.step() == bestStep ? "<tr class=\"best\">" : "<tr>").append(cell(count(e.step())))
          .append(cell(loss(e.trainLoss()))).append(cell(loss(e.valLoss()))).append(cell(loss(bits(e))))
          .append("</tr>\n");
    }
    return rows.append("</tbody>").toString();
  }

  /// Bits per character, computed where the event leaves them out.
  static double bits(Event.Eval eval) {
    return Double.isFinite(eval.valBitsPerChar()) ? eval.valBitsPerChar() : eval.valLoss() / Math.log(2);
  }

  /// Forward and backward time of each layer, as numbers and as bars on one scale.
  static String layers(List<Event.Layer> layers) {
    double longest = layers.stream().mapToDouble(Event.Layer::millis).filter(Double::isFinite).max().orElse(1);
    double sum = layers.stream().mapToDouble(Event.Layer::millis).filter(Double::isFinite).sum();
    StringBuilder rows = new StringBuilder(
        head("layer", "", "forward ms", "backward ms", "share", "tokens/s", "GFLOP/s"));
    for (Event.Layer l : layers) {
      rows.append("<tr>").append(name(l.layer())).append("<td><div class=\"bar\">")
          .append(bar("fwd", l.forwardMillis() / longest)).append(bar("bwd", l.backwardMillis() / longest))
          .append("</div></td>").append(cell(millis(l.forwardMillis()))).append(cell(millis(l.backwardMillis())))
          .append(cell(percent(l.millis() / sum))).append(cell(count(l.tokensPerSecond())))
          .append(cell(digits(l.gflops()))).append("</tr>\n");
    }
    double forward = layers.stream().mapToDouble(Event.Layer::forwardMillis).filter(Double::isFinite).sum();
    rows.append("</tbody><tfoot><tr><th scope=\"row\">sum</th><td></td>").append(cell(millis(forward)))
        .append(cell(millis(sum - forward))).append("<td colspan=\"3\"></td></tr></tfoot>");
    return rows.toString();
  }

  /// One number of a slot, under a heading that it shares with its neighbours.
  private record Column(String group, String title, Function<Event.Slot, String> text) {}

  private static final List<Column> SLOT_COLUMNS = List.of(new Column("", "scalars", Tables::scalars),
      new Column("input", "1/std", s -> digits(s.invStd())),
      new Column("input", "saturation", s -> percent(s.saturation())),
      new Column("input", "RMS", s -> digits(s.inRms())), new Column("input", "max", s -> digits(s.inAbsmax())),
      new Column("input", "outliers, %", s -> digits(100 * s.inOutliers())),
      new Column("input", "kurtosis", s -> digits(s.inKurtosis())),
      new Column("output", "RMS", s -> digits(s.outRms())), new Column("output", "max", s -> digits(s.outAbsmax())),
      new Column("output", "gradient", s -> digits(s.outGradRms())),
      new Column("", "update", s -> digits(s.updateRatio())));

  /// The normalization slots at the last probe. Columns in which no slot has a number are left out.
  static String slots(List<Event.Slot> slots) {
    List<Column> columns = SLOT_COLUMNS.stream()
        .filter(column -> slots.stream().anyMatch(s -> !column.text.apply(s).equals(NONE))).toList();
    StringBuilder html = new StringBuilder("<thead>\n<tr class=\"groups\"><td></td><td></td>");
    for (int i = 0; i < columns.size(); i++) {
      String group = columns.get(i).group;
      if (i == 0 || group.isEmpty() || !group.equals(columns.get(i - 1).group)) {
        long span = group.isEmpty() ? 1 : columns.stream().filter(column -> column.group.equals(group)).count();
        html.append("<th scope=\"colgroup\" colspan=\"").append(span).append("\">")
            .append(group.isEmpty() ? "" : "<span>" + group + "</span>").append("</th>");
      }
    }
    html.append("</tr>\n").append(titles(Stream.concat(Stream.of("slot", "type"),
        columns.stream().map(Column::title)).toArray(String[]::new))).append("</thead>\n<tbody>\n");
    for (Event.Slot s : slots) {
      html.append("<tr>").append(name(s.slot())).append(s.type().length() > LONG ? "<td class=\"formula\">" : "<td>")
          .append(escape(s.type())).append("</td>");
      columns.forEach(column -> html.append(cell(column.text.apply(s))));
      html.append("</tr>\n");
    }
    return html.append("</tbody>").toString();
  }

  private static String scalars(Event.Slot s) {
    String scalars = s.scalars().entrySet().stream().filter(scalar -> Double.isFinite(scalar.getValue()))
        .map(scalar -> escape(scalar.getKey()) + "\u00a0" + digits(scalar.getValue()))
        .collect(Collectors.joining(", "));
    return scalars.isEmpty() ? NONE : scalars;
  }

  private static String bar(String kind, double share) {
    return Double.isFinite(share)
        ? String.format(Locale.ROOT, "<i class=\"%s\" style=\"width:%.1f%%\"></i>", kind,
            100 * share)
        : "";
  }

  private static String head(String... titles) {
    return "<thead>" + titles(titles) + "</thead>\n<tbody>\n";
  }

  private static String titles(String... titles) {
    StringBuilder row = new StringBuilder("<tr>");
    for (String title : titles) {
      row.append("<th scope=\"col\">").append(escape(title)).append("</th>");
    }
    return row.append("</tr>").toString();
  }

  private static String name(String name) {
    return "<th scope=\"row\">" + escape(name) + "</th>";
  }

  private static String cell(String text) {
    return "<td class=\"n\">" + text + "</td>";
  }

  /// A loss or bits per character: four decimals, as far as seeds and machines agree.
  static String loss(double value) {
    return format("%.4f", value);
  }

  /// Milliseconds, alike in a column: a hundredth is near the resolution of a timed layer.
  private static String millis(double value) {
    return format("%.2f", value);
  }

  /// A whole number with its thousands set apart.
  public static String count(double value) {
    return format("%,.0f", value);
  }

  public static String percent(double share) {
    return format("%.1f\u00a0%%", 100 * share);
  }

  /// Three digits that mean something.
  public static String digits(double value) {
    double size = Math.abs(value);
    if (size == 0) {
      return "0";
    }
    if (size < 1e-3 || size >= 1e6) {
      return format("%.2e", value);
    }
    return format(size >= 100 ? "%,.0f" : size >= 10 ? "%.1f" : size >= 1 ? "%.2f" : "%.3f", value);
  }

  /// A setting: as few digits as it has, four at most.
  public static String plain(double value) {
    BigDecimal digits = new BigDecimal(value, new MathContext(4)).stripTrailingZeros();
    return Math.abs(value) >= 1e-4 && Math.abs(value) < 1e9 ? digits.toPlainString() : digits.toString();
  }

  /// A duration: `12.3 s`, `4 min 05 s` or `2 h 10 min`.
  static String duration(double seconds) {
    long whole = Math.round(seconds);
    if (seconds < 60) {
      return format("%.1f s", seconds);
    }
    return whole < 3600
        ? String.format(Locale.ROOT, "%d min %02d s", whole / 60, whole % 60)
        : String.format(Locale.ROOT, "%d h %02d min", whole / 3600, whole % 3600 / 60);
  }

  private static String format(String pattern, double value) {
    return Double.isFinite(value) ? String.format(Locale.ROOT, pattern, value) : NONE;
  }
}
