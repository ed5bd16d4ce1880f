package norma.train.profile;

import static norma.train.report.Svg.escape;
import static norma.train.report.Tables.count;
import static norma.train.report.Tables.digits;
import static norma.train.report.Tables.percent;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// The tables of the profile's page, as HTML.
final class ProfileTables {
  private static final String NONE = "\u2013"; // in place of a number

  private ProfileTables() {}

  /// A table, its first column names.
  ///
  /// @param titles of the columns
  /// @param rows   text of the cells
  static String table(List<String> titles, List<List<String>> rows) {
    StringBuilder html = new StringBuilder("<div class=\"scroll\"><table class=\"numbers\"><thead><tr>");
    titles.forEach(title -> html.append("<th scope=\"col\">").append(escape(title)).append("</th>"));
    html.append("</tr></thead>\n<tbody>\n");
    for (List<String> row : rows) {
      html.append("<tr><th scope=\"row\">").append(escape(row.getFirst())).append("</th>");
      row.stream().skip(1).forEach(cell -> html.append("<td class=\"n\">").append(escape(cell)).append("</td>"));
      html.append("</tr>\n");
    }
    return html.append("</tbody></table></div>\n").toString();
  }

  /// Rows of a profile, or their sums.
  static String parts(List<Row> rows, Profile.Steps steps) {
    List<List<String>> cells = new ArrayList<>();
    for (Row row : rows) {
      boolean counted = Double.isFinite(row.distance());
      cells.add(List.of(row.name(), spread(row.forward()), spread(row.backward()),
          row.calls() == 0 ? NONE : count(row.calls()), percent(row.share()),
          row.group() == Row.Group.REST ? NONE : count(row.tokensPerSecond(steps.tokens())), digits(row.gigaflops()),
          digits(row.gigabytes()), digits(row.distance()),
          !counted ? NONE : row.roof().bandwidth() ? "bytes" : "products", bytes(row.memory().kept()),
          bytes(row.memory().arena())));
    }
    return table(List.of("part", "forward ms", "backward ms", "calls", "share", "tokens/s", "GFLOP/s", "GB/s",
        "\u00d7 roof", "bound by", "kept", "arena"), cells);
  }

  /// What training keeps.
  static String memory(Profile.MemoryUse memory) {
    Map<String, String> rows = new LinkedHashMap<>();
    rows.put("weights", bytes(memory.weights()));
    rows.put("gradients", bytes(memory.gradients()));
    rows.put("moments", bytes(memory.moments()));
    rows.put("arenas, all workers", bytes(memory.arena()));
    rows.put("kept for backward, one pass", bytes(memory.kept()));
    rows.put("kept for backward, a token", bytes((double) memory.kept() / memory.passTokens()));
    rows.put("resident, whole process", bytes(memory.resident()));
    return table(List.of("memory", "size"),
        rows.entrySet().stream().map(e -> List.of(e.getKey(), e.getValue())).toList());
  }

  /// Cases beside the first one.
  static String comparison(List<Comparison> cases) {
    List<List<String>> cells = new ArrayList<>();
    for (Comparison c : cases) {
      List<String> row = new ArrayList<>(List.of(c.name(), spread(c.stepMillis()),
          ratio(c.speed().median()) + " (" + ratio(c.speed().low()) + "\u2013" + ratio(c.speed().high()) + ")",
          count(c.slots())));
      row.addAll(c.slots() == 0
          ? Collections.nCopies(7, NONE)
          : List.of(millis(c.slotForward()), millis(c.slotBackward()), percent(c.slotShare()), digits(c.gigabytes()),
              digits(c.copyRate()), bytes(c.keptBytes()), bytes(c.arenaBytes())));
      cells.add(row);
    }
    return table(List.of("case", "step ms", "speed", "slots", "slots forward ms", "slots backward ms",
        "slots' share", "GB/s in slots", "GB/s of a copy", "kept, token and slot", "arena, token and slot"), cells);
  }

  /// A median with its quartiles; nothing where nothing was measured.
  static String spread(Spread spread) {
    return spread.high() == 0
        ? NONE
        : millis(spread.median()) + " (" + millis(spread.low()) + "\u2013" + millis(spread.high()) + ")";
  }

  /// Of speeds: they differ by percents.
  static String ratio(double value) {
    return String.format(Locale.ROOT, "%.3f", value);
  }

  /// Milliseconds, alike in a column.
  static String millis(double value) {
    return Double.isFinite(value)
        ? String.format(Locale.ROOT, value >= 100 ? "%.1f" : value >= 1 ? "%.2f" : "%.3f", value)
        : NONE;
  }

  /// Bytes with a unit of 1024.
  static String bytes(double bytes) {
    if (!(bytes > 0)) {
      return NONE;
    }
    String[] units = { "B", "KiB", "MiB", "GiB", "TiB" };
    int unit = 0;
    double value = bytes;
    while (value >= 1024 && unit < units.length - 1) {
      value /= 1024;
      unit++;
    }
    return digits(value) + " " + units[unit];
  }
}
