package norma.train.profile;

import static norma.train.report.Decimals.bytes;
import static norma.train.report.Decimals.count;
import static norma.train.report.Decimals.digits;
import static norma.train.report.Decimals.format;
import static norma.train.report.Decimals.percent;
import static norma.train.report.Decimals.plain;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import norma.train.profile.Scaling.Point;
import norma.train.report.Decimals;
import norma.train.report.Table;

/// The tables of a profile, for the terminal, the page and `layers.csv`.
final class ProfileTables {
  static final String NUMBERS = "numbers"; // class of the tables on the page

  private ProfileTables() {}

  /// Rows of a profile, or their sums.
  ///
  /// @param tokens of a step
  static Table<Row> parts(long tokens) {
    return new Table<Row>().name("part", Row::name).number("forward ms", row -> spread(row.forward()))
        .number("backward ms", row -> spread(row.backward()))
        .number("calls", row -> row.calls() == 0 ? Table.NONE : count(row.calls()))
        .number("share", row -> percent(row.share())).number("tokens/s", row -> count(row.tokensPerSecond(tokens)))
        .number("GFLOP/s", row -> digits(row.gigaflops())).number("GB/s", row -> digits(row.gigabytes()))
        .number("\u00d7 roof", row -> digits(row.distance()))
        .number("bound by", row -> ProfileJson.bound(row).isEmpty() ? Table.NONE : ProfileJson.bound(row))
        .number("kept", row -> bytes(row.memory().kept())).number("arena", row -> bytes(row.memory().arena()));
  }

  /// `layers.csv`: every row of every case with six digits. Cells are empty where nothing is counted.
  static String csv(List<Profile> profiles) {
    List<Object[]> rows = profiles.stream().flatMap(p -> p.rows().stream().map(row -> Stream
        .concat(Stream.of("case", p.name()), Arrays.stream(ProfileJson.row(row, p.steps().tokens()))).toArray()))
        .toList();
    Table<Object[]> table = new Table<>();
    Object[] first = rows.getFirst();
    for (int i = 0; i < first.length; i += 2) {
      String name = (String) first[i];
      int at = i + 1;
      table = first[at] instanceof Quartiles
          ? table.text(name, row -> cell(((Quartiles) row[at]).median()))
              .text(name.replace("_ms", "_q1_ms"), row -> cell(((Quartiles) row[at]).low()))
              .text(name.replace("_ms", "_q3_ms"), row -> cell(((Quartiles) row[at]).high()))
          : table.text(name, row -> cell(row[at]));
    }
    return table.csv(rows);
  }

  private static String cell(Object value) {
    return value instanceof Double number
        ? Double.isFinite(number) ? new BigDecimal(number, new MathContext(6)).toPlainString() : ""
        : value.toString();
  }

  /// The memory that training keeps.
  static String memory(Profile.MemoryUse memory) {
    Map<String, String> rows = new LinkedHashMap<>();
    rows.put("weights", bytes(memory.weights()));
    rows.put("gradients", bytes(memory.gradients()));
    rows.put("moments", bytes(memory.moments()));
    rows.put("arenas, all workers", bytes(memory.arena()));
    rows.put("kept for backward, one pass", bytes(memory.kept()));
    rows.put("kept for backward, a token", bytes((double) memory.kept() / memory.passTokens()));
    rows.put("resident, whole process", bytes(memory.resident()));
    return new Table<Map.Entry<String, String>>().name("memory", Map.Entry::getKey)
        .number("size", Map.Entry::getValue).html(NUMBERS, List.copyOf(rows.entrySet()));
  }

  /// Cases beside the first one.
  static Table<CaseFigures> comparison() {
    String all = "all slots";
    String each = "a token and slot";
    return new Table<CaseFigures>().name("case", CaseFigures::name)
        .number("step ms", c -> spread(c.profile().steps().plain())).number("speed", c -> ratio(c.speed()))
        .number(all, "slots", c -> count(c.slots().size())).number(all, "slot time", c -> ratio(c.slotCost()))
        .number(all, "forward ms", slots(c -> millis(c.sum().forward().median())))
        .number(all, "backward ms", slots(c -> millis(c.sum().backward().median())))
        .number(all, "share", slots(c -> percent(c.sum().share())))
        .number(all, "GB/s", c -> digits(c.sum().gigabytes())).number(all, "copy GB/s", c -> digits(c.copyRate()))
        .number(each, "kept", slots(c -> bytes(c.each(c.sum().memory().kept()))))
        .number(each, "arena", slots(c -> bytes(c.each(c.sum().memory().arena()))))
        .number("layers", c -> percent(c.profile().attributed()))
        .number("watched", c -> format("%+.1f\u00a0%%", 100 * c.profile().steps().overhead()));
  }

  private static Function<CaseFigures, String> slots(Function<CaseFigures, String> text) {
    return c -> c.slots().isEmpty() ? Table.NONE : text.apply(c);
  }

  /// Values of a setting and what they cost; those of the threads with what each further one helps.
  static Table<Point> scaling(Scaling scaling) {
    Table<Point> table = new Table<Point>().name(scaling.setting(), p -> plain(p.value()))
        .number("ms a step", p -> digits(p.millis())).number("tokens/s", p -> count(p.tokensPerSecond()))
        .number("GFLOP/s", p -> digits(p.flops() / p.millis() / 1e6))
        .number("GFLOP a step", p -> digits(p.flops() / 1e9));
    Point first = scaling.first();
    return scaling.overThreads()
        ? table.number("speed-up", p -> digits(first.millis() / p.millis()))
            .number("efficiency", p -> percent(first.millis() / p.millis() * first.value() / p.value()))
        : table;
  }

  /// A median with its quartiles; nothing where nothing was measured.
  static String spread(Quartiles spread) {
    return spread.high() == 0
        ? Table.NONE
        : millis(spread.median()) + " (" + millis(spread.low()) + "\u2013" + millis(spread.high()) + ")";
  }

  /// A ratio of times with its quartiles: speeds differ by percents.
  static String ratio(Quartiles spread) {
    return Double.isNaN(spread.median())
        ? Table.NONE
        : String.format(Locale.ROOT, "%.3f (%.3f\u2013%.3f)", spread.median(), spread.low(), spread.high());
  }

  /// Milliseconds, alike in a column.
  static String millis(double value) {
    return Decimals.format(value >= 100 ? "%.1f" : value >= 1 ? "%.2f" : "%.3f", value);
  }
}
