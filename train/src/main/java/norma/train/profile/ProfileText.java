package norma.train.profile;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;

/// A profile as lines for a terminal.
public final class ProfileText {
  private static final double MIB = 1 << 20;

  private ProfileText() {}

  /// One configuration in full.
  public static List<String> lines(Profile profile) {
    List<String> lines = new ArrayList<>();
    Profile.Steps steps = profile.steps();
    Peaks peaks = profile.peaks();
    lines.add(text("peaks    %.0f GFLOP/s in products of 512 x 512 x 512, %s", peaks.gigaflops(), copies(peaks)));
    lines.add(text("step     %.2f ms [%.2f, %.2f], %,.0f tokens/s, %.1f GFLOP/s: %.0f %% of the product peak",
        steps.plain().median(), steps.plain().low(), steps.plain().high(), steps.tokensPerSecond(), steps.gigaflops(),
        100 * steps.gigaflops() / peaks.gigaflops()));
    lines
        .add(text("watched  %.2f ms [%.2f, %.2f], %+.1f %% in %d pairs of neighbouring steps", steps.watched().median(),
            steps.watched().low(), steps.watched().high(), 100 * steps.overhead(), steps.count()));
    lines.add("");
    lines.add(text("%-24s %5s %18s %18s %6s %8s %7s %7s %6s %s", "layer", "calls", "forward ms [IQR]",
        "backward ms [IQR]", "share", "tokens/s", "GFLOP/s", "GB/s", "x roof", "bound"));
    profile.rows().forEach(row -> lines.add(line(row, steps.tokens())));
    lines.add(text("%-24s %s", "sum", text(
        "layers and phases %.1f %% of the watched step, waiting %.1f %%, other %.1f %%; medians add up to %.1f %%",
        100 * profile.attributed(), 100 * profile.share("waiting"), 100 * profile.share("other"),
        100 * profile.rows().stream().mapToDouble(Row::share).sum())));
    lines.add("");
    lines.addAll(groups(profile));
    lines.add("");
    lines.add(memory(profile.memory()));
    return lines;
  }

  private static String copies(Peaks peaks) {
    return text("copies %.1f GB/s in memory, %.1f GB/s in a cache, %d %s", peaks.memory(), peaks.cache(),
        peaks.threads(), peaks.threads() == 1 ? "thread" : "threads");
  }

  private static String line(Row row, long tokens) {
    return text("%-24s %5s %18s %18s %5.1f%% %8s %7s %7s %6s %s", row.name(), row.calls() == 0 ? "" : row.calls(),
        spread(row.forward()), row.backward().median() == 0 ? "" : spread(row.backward()), 100 * row.share(),
        row.group() == Row.Group.REST ? "" : brief(tokens / row.millis() * 1e3), number("%.1f", row.gigaflops()),
        number("%.1f", row.gigabytes()), number("%.1f", row.distance()), LayersCsv.bound(row)).stripTrailing();
  }

  /// The step by kinds of work.
  private static List<String> groups(Profile profile) {
    Map<Row.Group, List<Row>> groups = new TreeMap<>();
    profile.rows().forEach(row -> groups.computeIfAbsent(row.group(), _ -> new ArrayList<>()).add(row));
    List<String> lines = new ArrayList<>();
    lines.add(text("%-24s %5s %18s %18s %6s %8s %7s %7s %6s", "all layers", "rows", "forward ms", "backward ms",
        "share", "", "GFLOP/s", "GB/s", "x roof"));
    groups.forEach((group, rows) -> {
      double millis = sum(rows, Row::millis);
      double roof = sum(rows, row -> row.roof().millis());
      lines.add(text("%-24s %5d %18.3f %18s %5.1f%% %8s %7s %7s %6s",
          group.name().toLowerCase(Locale.ROOT).replace('_', ' '), rows.size(),
          sum(rows, row -> row.forward().median()),
          number("%.3f", zeroIsNone(sum(rows, row -> row.backward().median()))), 100 * sum(rows, Row::share), "",
          number("%.1f", zeroIsNone(sum(rows, row -> row.work().flops()) / millis / 1e6)),
          number("%.1f", zeroIsNone(sum(rows, row -> row.work().bytes()) / millis / 1e6)),
          number("%.1f", millis / roof))
          .stripTrailing());
    });
    return lines;
  }

  private static double sum(List<Row> rows, ToDoubleFunction<Row> number) {
    return rows.stream().mapToDouble(number).sum();
  }

  private static double zeroIsNone(double value) {
    return value == 0 ? Double.NaN : value;
  }

  private static String memory(Profile.MemoryUse m) {
    return text(
        "memory   weights %.1f MiB, gradients %.1f, moments %.1f; a pass of %,d tokens keeps %.1f for backward; "
            + "arenas %.1f; process %.0f",
        m.weights() / MIB, m.gradients() / MIB, m.moments() / MIB, m.passTokens(),
        m.kept() / MIB, m.arena() / MIB, m.resident() / MIB);
  }

  /// Cases side by side.
  public static List<String> comparison(List<Profile> profiles) {
    List<String> lines = new ArrayList<>();
    lines.add(text("%-16s %22s %20s %11s %11s %7s %7s %7s %10s %10s", "", "step ms [IQR]", "speed [quartiles]",
        "slots fwd", "slots bwd", "share", "GB/s", "copy", "kept B/tok", "arena"));
    for (Comparison c : Comparison.of(profiles)) {
      lines.add(text("%-16s %22s %20s %8s ms %8s ms %6s%% %7s %7s %10s %10s", c.name(), spread(c.stepMillis()),
          text("%.3f [%.3f, %.3f]", c.speed().median(), c.speed().low(), c.speed().high()),
          number("%.3f", c.slotForward()),
          number("%.3f", c.slotBackward()), number("%.2f", 100 * c.slotShare()), number("%.1f", c.gigabytes()),
          number("%.1f", c.copyRate()), number("%.0f", c.keptBytes()), number("%.0f", c.arenaBytes())));
    }
    lines.add("");
    lines.add("speed: tokens/s over those of " + profiles.getFirst().name() + ", median and quartiles of "
        + profiles.getFirst().steps().rounds().size()
        + " rounds; slots: all of a step, both directions in share, GB/s and");
    lines.add(
        "copy (what a copy of as many bytes reaches); kept for backward and taken from the arena: bytes a token in a slot");
    return lines;
  }

  /// How the cost grows.
  public static List<String> scaling(ProfilePlan plan, List<Profile> profiles) {
    List<String> lines = new ArrayList<>();
    for (Scaling scaling : Scaling.of(plan, profiles)) {
      lines
          .add(text("%s: time grows with the power %.2f, the FLOP model with %.2f%s", scaling.setting(), scaling.time(),
              scaling.flops(),
              Double.isNaN(scaling.perFlop()) ? "" : text(", time over FLOPs with %.2f", scaling.perFlop())));
      for (Scaling.Point point : scaling.points()) {
        lines.add(text("  %10s %12.3f ms %,14.0f tokens/s %10.1f GFLOP/s", brief(point.value()), point.millis(),
            point.tokens() / point.millis() * 1e3, point.flops() / point.millis() / 1e6));
      }
    }
    return lines;
  }

  private static String spread(Spread s) {
    return text(s.median() < 10 ? "%.3f [%.3f]" : "%.2f [%.2f]", s.median(), s.high() - s.low());
  }

  /// A number in at most seven characters.
  private static String brief(double value) {
    if (!Double.isFinite(value)) {
      return "";
    }
    return value >= 1e7 ? text("%.0fM", value / 1e6) : value >= 1e4 ? text("%.0fk", value / 1e3) : text("%.0f", value);
  }

  private static String number(String format, double value) {
    return Double.isFinite(value) ? text(format, value) : "";
  }

  private static String text(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
