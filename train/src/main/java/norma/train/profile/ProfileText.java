package norma.train.profile;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import norma.train.report.Tables;

/// A profile as lines for a terminal.
public final class ProfileText {
  private static final double MIB = 1 << 20;
  /// Of a step: what a profile may cost, and leave unexplained.
  private static final double TRUSTED = 0.03;

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
        100 * profile.rows().stream().mapToDouble(Row::millis).sum() / steps.watched().median())));
    lines.addAll(doubts(profile));
    lines.add("");
    lines.addAll(groups(profile));
    lines.add("");
    lines.add(memory(profile.memory()));
    return lines;
  }

  /// What makes a profile worth less than it looks.
  static List<String> doubts(Profile profile) {
    List<String> doubts = new ArrayList<>();
    if (profile.steps().overhead() > TRUSTED) {
      doubts.add(text("  watching costs more than %.0f %%: spans of a few microseconds are too long", 100 * TRUSTED));
    }
    if (profile.share("other") > TRUSTED) {
      doubts.add(text("  more than %.0f %% of the step stand in no row", 100 * TRUSTED));
    }
    if (profile.share("waiting") > TRUSTED) {
      doubts
          .add(text("  workers wait more than %.0f %% of the step: of different speed, or disturbed; see norma doctor",
              100 * TRUSTED));
    }
    return doubts;
  }

  private static String copies(Peaks peaks) {
    return text("copies %.1f GB/s in memory, %.1f GB/s in a cache, %d %s", peaks.memory(), peaks.cache(),
        peaks.threads(), peaks.threads() == 1 ? "thread" : "threads");
  }

  private static String line(Row row, long tokens) {
    return text("%-24s %5s %18s %18s %5.1f%% %8s %7s %7s %6s %s", row.name(), row.calls() == 0 ? "" : row.calls(),
        spread(row.forward()), row.backward().median() == 0 ? "" : spread(row.backward()), 100 * row.share(),
        brief(row.tokensPerSecond(tokens)), number("%.1f", row.gigaflops()),
        number("%.1f", row.gigabytes()), number("%.1f", row.distance()), LayersCsv.bound(row)).stripTrailing();
  }

  /// The step by kinds of work.
  private static List<String> groups(Profile profile) {
    Map<Row.Group, List<Row>> groups = new TreeMap<>();
    profile.rows().forEach(row -> groups.computeIfAbsent(row.group(), _ -> new ArrayList<>()).add(row));
    List<String> lines = new ArrayList<>();
    lines.add(text("%-24s %5s %18s %18s %6s %8s %7s %7s %6s", "kind of work", "rows", "forward ms", "backward ms",
        "share", "", "GFLOP/s", "GB/s", "x roof"));
    groups.forEach((group, some) -> {
      Row sum = Parts.sum(Parts.title(group), some);
      lines.add(text("%-24s %5d %18.3f %18s %5.1f%% %8s %7s %7s %6s", sum.name(), some.size(), sum.forward().median(),
          sum.backward().median() == 0 ? "" : text("%.3f", sum.backward().median()), 100 * sum.share(), "",
          number("%.1f", sum.gigaflops()), number("%.1f", sum.gigabytes()), number("%.1f", sum.distance()))
          .stripTrailing());
    });
    return lines;
  }

  private static String memory(Profile.MemoryUse m) {
    return text(
        "memory   weights %.1f MiB, gradients %.1f, moments %.1f; a pass of %,d tokens keeps %.1f for backward; "
            + "arenas %.1f%s",
        m.weights() / MIB, m.gradients() / MIB, m.moments() / MIB, m.passTokens(),
        m.kept() / MIB, m.arena() / MIB, m.resident() == 0 ? "" : text("; process %.0f", m.resident() / MIB));
  }

  /// Cases side by side.
  public static List<String> comparison(List<Profile> profiles) {
    List<String> lines = new ArrayList<>();
    lines.add(text("%-14s %16s %20s %20s %8s %8s %6s %6s %6s %6s %8s", "", "step ms [IQR]", "speed (quartiles)",
        "slot time (quart.)", "fwd ms", "bwd ms", "share", "GB/s", "copy", "layers", "watched"));
    List<Comparison> cases = Comparison.of(profiles);
    for (int i = 0; i < cases.size(); i++) {
      Comparison c = cases.get(i);
      lines.add(text("%-14s %16s %20s %20s %8s %8s %5s%% %6s %6s %5.1f%% %+7.1f%%", c.name(), spread(c.stepMillis()),
          ratio(c.speed()), ratio(c.slotCost()), number("%.3f", c.slotForward()), number("%.3f", c.slotBackward()),
          number("%.2f", 100 * c.slotShare()), number("%.1f", c.gigabytes()), number("%.1f", c.copyRate()),
          100 * profiles.get(i).attributed(), 100 * profiles.get(i).steps().overhead()));
    }
    lines.add("");
    cases.stream().filter(c -> c.slots() > 0).forEach(c -> lines.add(text(
        "%-14s keeps %.0f bytes a token and slot for backward, takes %.0f from the arena", c.name(), c.keptBytes(),
        c.arenaBytes())));
    lines.add("");
    lines.add("speed, slot time: over those of " + profiles.getFirst().name() + ", median of "
        + profiles.getFirst().steps().rounds().size() + " rounds; fwd, bwd, share, GB/s: all slots of a step;");
    lines.add(
        "copy: what a copy of as many bytes reaches; layers: share of layers and phases, the rest is mostly waiting;");
    lines.add("watched: what recording costs");
    return lines;
  }

  private static String ratio(Spread s) {
    return Double.isNaN(s.median()) ? "" : text("%.3f (%.2f to %.2f)", s.median(), s.low(), s.high());
  }

  /// How the cost grows.
  public static List<String> scaling(ProfilePlan plan, List<Profile> profiles) {
    List<String> lines = new ArrayList<>();
    for (Scaling scaling : Scaling.of(plan, profiles)) {
      lines.add(Double.isNaN(scaling.time())
          ? scaling.setting() + ": no power can be fitted to these values"
          : text("%s: time grows with the power %.2f (%.2f to %.2f), the FLOP model with %.2f%s", scaling.setting(),
              scaling.time(), scaling.rounds().low(), scaling.rounds().high(), scaling.flops(),
              Double.isNaN(scaling.perFlop()) ? "" : text(", time over FLOPs with %.2f", scaling.perFlop())));
      for (Scaling.Point point : scaling.points()) {
        lines.add(text("  %10s %12.3f ms %,14.0f tokens/s %10.1f GFLOP/s", Tables.plain(point.value()), point.millis(),
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
