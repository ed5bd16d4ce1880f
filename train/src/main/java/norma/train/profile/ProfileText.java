package norma.train.profile;

import static norma.train.report.Decimals.digits;
import static norma.train.report.Decimals.percent;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import norma.train.report.Table;

/// A profile as lines for a terminal.
public final class ProfileText {
  private static final double MIB = 1 << 20;
  /// Share of a step that a profile may cost, and leave unexplained.
  private static final double TRUSTED = 0.03;

  private ProfileText() {}

  /// One configuration in full.
  public static List<String> lines(Profile profile) {
    List<String> lines = new ArrayList<>();
    Profile.Steps steps = profile.steps();
    Peaks peaks = profile.peaks();
    lines.add("peaks    " + peaks.text());
    lines.add(text("step     %.2f ms [%.2f, %.2f], %,.0f tokens/s, %.1f GFLOP/s: %.0f %% of the product peak",
        steps.plain().median(), steps.plain().low(), steps.plain().high(), steps.tokensPerSecond(), steps.gigaflops(),
        100 * steps.gigaflops() / peaks.gigaflops()));
    lines
        .add(text("watched  %.2f ms [%.2f, %.2f], %+.1f %% in %d pairs of neighbouring steps", steps.watched().median(),
            steps.watched().low(), steps.watched().high(), 100 * steps.overhead(), steps.count()));
    lines.add("");
    lines.addAll(
        ProfileTables.parts(steps.tokens()).only("part", "calls", "forward ms", "backward ms", "share", "tokens/s",
            "GFLOP/s", "GB/s", "\u00d7 roof", "bound by").lines(profile.rows()));
    lines.add(text(
        "sum      layers and phases %.1f %% of the watched step, waiting %.1f %%, other %.1f %%; medians add up to %.1f %%",
        100 * profile.attributed(), 100 * profile.share("waiting"), 100 * profile.share("other"),
        100 * profile.rows().stream().mapToDouble(Row::millis).sum() / steps.watched().median()));
    lines.addAll(doubts(profile));
    lines.add("");
    lines.addAll(groups(profile));
    lines.add("");
    lines.add(memory(profile.memory()));
    lines.add("");
    lines.addAll(ProfileAdvice.costliest(profile));
    return lines;
  }

  /// Reasons to trust a profile less.
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

  /// The step by kinds of work.
  private static List<String> groups(Profile profile) {
    Map<Row.Group, List<Row>> groups = new TreeMap<>();
    profile.rows().forEach(row -> groups.computeIfAbsent(row.group(), _ -> new ArrayList<>()).add(row));
    List<Row> sums = new ArrayList<>();
    groups.forEach((group, some) -> sums.add(Row.sum(group.title, group, some)));
    return new Table<Row>().name("kind of work", Row::name)
        .number("rows", sum -> String.valueOf(groups.getOrDefault(sum.group(), List.of()).size()))
        .number("forward ms", sum -> ProfileTables.millis(sum.forward().median()))
        .number("backward ms",
            sum -> sum.backward().median() == 0 ? Table.NONE : ProfileTables.millis(sum.backward().median()))
        .number("share", sum -> percent(sum.share())).number("GFLOP/s", sum -> digits(sum.gigaflops()))
        .number("GB/s", sum -> digits(sum.gigabytes())).number("\u00d7 roof", sum -> digits(sum.distance()))
        .lines(sums);
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
    List<CaseFigures> figures = CaseFigures.of(profiles);
    List<String> lines = new ArrayList<>(ProfileTables.comparison().lines(figures));
    lines.addAll(ProfileAdvice.noise(figures));
    lines.add("");
    lines.add("speed, slot time: over those of " + profiles.getFirst().name() + ", median and quartiles of "
        + profiles.getFirst().steps().rounds().size()
        + " rounds; forward, backward, share, GB/s: all slots of a step;");
    lines.add("copy GB/s: what a copy of as many bytes reaches; kept, arena: bytes a token and slot keeps for backward,"
        + " and takes from the arena;");
    lines.add("layers: share of layers and phases, the rest is mostly waiting; watched: what recording costs");
    return lines;
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
      lines.addAll(ProfileTables.scaling(scaling).lines(scaling.points()));
    }
    return lines;
  }

  private static String text(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
