package norma.train.profile;

import norma.train.report.Axis;
import norma.train.report.RowPlot;
import static norma.train.report.Decimals.count;
import static norma.train.report.Decimals.digits;
import static norma.train.report.Decimals.percent;

import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import norma.train.report.Svg;
import norma.train.report.Table;
import norma.train.report.Template;

/// `report.html` of a profile: one page that needs no other file, no network and no script.
final class ProfileReport {
  private static final int COMPARED_WIDTH = 440;
  private static final String SECTION = "<section id=\"%s\">\n<h2>%s</h2>\n";

  private ProfileReport() {}

  /// The page.
  ///
  /// @param profiles of the plan's cases, in their order
  /// @param facts    how and where was measured, by label
  static String of(ProfilePlan plan, List<Profile> profiles, Map<String, String> facts) {
    Template page = Template.page("profile.html", plan.title() + ": profile").put("name", plan.title())
        .put("note", plan.note()).put("facts", Table.facts(facts));
    if (profiles.size() == 1) {
      Profile profile = profiles.getFirst();
      StepBar bar = StepBar.of(profile);
      page.put("figures", figures(profile))
          .put("bar", bar.figure("time of a step", bar.millis()))
          .put("sum", digits(bar.millis())).put("watched", digits(profile.steps().watched().median()))
          .put("groups", groups(profile, true))
          .put("details", details(profile, SECTION, "</section>\n"));
    } else {
      page.put("cases", profiles.stream().map(ProfileReport::folded).collect(Collectors.joining()));
    }
    if (plan.compares()) {
      List<CaseFigures> cases = CaseFigures.of(profiles);
      page.put("slots", slots(cases)).put("speeds", speeds(cases))
          .put("comparison", ProfileTables.comparison().html(ProfileTables.NUMBERS, cases))
          .put("bars", bars(profiles)).put("groups", groups(profiles.getFirst(), false));
    }
    return page.put("sweeps", Scaling.of(plan, profiles).stream().map(scaling -> scaling.html())
        .collect(Collectors.joining())).fill();
  }

  /// The key of the bar's colours.
  ///
  /// @param times whether with the time of each group
  private static String groups(Profile profile, boolean times) {
    Map<Row.Group, Double> groups = new EnumMap<>(Row.Group.class);
    profile.rows().forEach(row -> groups.merge(row.group(), row.share(), Double::sum));
    groups.remove(Row.Group.REST);
    return groups.entrySet().stream().map(group -> Svg.key(group.getKey().colour,
        group.getKey().title + (times ? " " + percent(group.getValue()) : ""))).collect(Collectors.joining());
  }

  /// A bar for each case, all on one scale.
  private static String bars(List<Profile> profiles) {
    List<StepBar> bars = profiles.stream().map(StepBar::of).toList();
    double longest = bars.stream().mapToDouble(StepBar::millis).max().orElse(1);
    StringBuilder html = new StringBuilder();
    for (int i = 0; i < bars.size(); i++) {
      Profile profile = profiles.get(i);
      html.append("<h3>").append(Svg.escape(profile.name())).append("<span>")
          .append(digits(profile.steps().plain().median())).append(" ms a step</span></h3>\n")
          .append(bars.get(i).figure("time of a step: " + profile.name(), longest));
    }
    return html.toString();
  }

  private static String folded(Profile profile) {
    return "<details class=\"case\"><summary>" + Svg.escape(profile.name()) + settings(profile)
        + "</summary>\n<dl class=\"figures\">\n"
        + figures(profile) + "</dl>\n" + details(profile, "<h3 class=\"%s\">%s</h3>\n", "") + "</details>\n";
  }

  /// Unless the name says it.
  private static String settings(Profile profile) {
    String settings = String.join(", ", profile.settings());
    return settings.equals(profile.name()) ? "" : " <span class=\"note\">" + Svg.escape(settings) + "</span>";
  }

  private static String figures(Profile profile) {
    Profile.Steps steps = profile.steps();
    Map<String, String> entries = new LinkedHashMap<>();
    entries.put("ms a step", number(digits(steps.plain().median()),
        digits(steps.plain().low()) + "\u2013" + digits(steps.plain().high())));
    entries.put("tokens/s", number(count(steps.tokensPerSecond()), ""));
    entries.put("GFLOP/s", number(digits(steps.gigaflops()), ""));
    entries.put("of the product peak", number(percent(steps.gigaflops() / profile.peaks().gigaflops()),
        digits(profile.peaks().gigaflops()) + " GFLOP/s"));
    entries.put("in layers and phases", number(percent(profile.attributed()), ""));
    entries.put("waiting", number(percent(profile.share("waiting")), ""));
    entries.put("other", number(percent(profile.share("other")), ""));
    entries.put("cost of watching", number(percent(steps.overhead()), ""));
    return Template.figures(entries);
  }

  private static String number(String value, String small) {
    return Svg.escape(value) + (small.isEmpty() ? "" : " <small>" + Svg.escape(small) + "</small>");
  }

  /// Roofline, tables and memory.
  private static String details(Profile profile, String open, String close) {
    List<Row> parts = Row.overBlocks(profile.rows());
    Map<String, String> sections = new LinkedHashMap<>();
    sections.put("Roofline", Roofline.of(profile).figure());
    Table<Row> table = ProfileTables.parts(profile.steps().tokens());
    sections.put("Parts", table.html(ProfileTables.NUMBERS, parts)
        + (parts.size() == profile.rows().size()
            ? ""
            : Template.details(false, "Block by block", table.html(ProfileTables.NUMBERS, profile.rows()))));
    sections.put("Memory", ProfileTables.memory(profile.memory()));
    StringBuilder html = new StringBuilder();
    sections.forEach((title, content) -> html.append(
        content.isEmpty() ? "" : open.formatted(title.toLowerCase(Locale.ROOT), title) + content + close));
    return html.toString();
  }

  /// Milliseconds of a step in the slots, forward and backward.
  private static String slots(List<CaseFigures> cases) {
    double longest = cases.stream().mapToDouble(c -> c.sum().millis()).max().orElseThrow();
    RowPlot plot = plot(cases, "time in the normalization slots (ms a step)", Axis.around(0, longest * 1.12, 4),
        Double.NaN);
    for (int i = 0; i < cases.size(); i++) {
      Row sum = cases.get(i).sum();
      plot.bar(i, Svg.FORWARD, 0, sum.forward().median());
      plot.bar(i, Svg.BACKWARD, sum.forward().median(), sum.millis());
      plot.note(i, sum.millis(), cases.get(i).slots().isEmpty() ? "no slots" : digits(sum.millis()));
    }
    return plot.end();
  }

  /// Tokens/s over those of the first case: the median over the rounds, and a line from the first to the third quartile.
  private static String speeds(List<CaseFigures> cases) {
    double low = cases.stream().mapToDouble(c -> c.speed().low()).min().orElseThrow();
    double high = cases.stream().mapToDouble(c -> c.speed().high()).max().orElseThrow();
    RowPlot plot = plot(cases, "speed of the step, first case = 1", Axis.around(Math.min(1, low), Math.max(1, high), 4),
        1);
    for (int i = 0; i < cases.size(); i++) {
      Quartiles speed = cases.get(i).speed();
      plot.range(i, speed.low(), speed.median(), speed.high(), cases.get(i).name() + ": " + ProfileTables.ratio(speed));
    }
    return plot.end();
  }

  private static RowPlot plot(List<CaseFigures> cases, String title, Axis axis, double emphasis) {
    return new RowPlot(COMPARED_WIDTH, "chart", title, cases.stream().map(CaseFigures::name).toList(), axis, emphasis);
  }
}
