package norma.train.profile;

import java.util.stream.Stream;
import norma.train.profile.StepBar.Slice;
import norma.train.report.Axis;
import norma.train.report.Svg;
import static norma.train.report.Decimals.digits;
import static norma.train.report.Decimals.percent;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import norma.train.profile.Row.Group;
import norma.models.BlockName;

/// A step as a bar whose widths are times: its directions, below them the groups of work, below those the parts, below those the
/// blocks. The medians of all rows add up to the whole bar.
///
/// @param slices of the first level, from left to right
record StepBar(List<Slice> slices) {
  private static final int WIDTH = 960;
  private static final int FONT = 12;
  private static final int LEVEL = 26;
  /// Opacity of the fill, level by level: light enough for dark text.
  private static final double[] OPACITY = { 0.18, 0.42, 0.3, 0.18 };

  /// A stretch of the bar.
  ///
  /// @param label    as written in it
  /// @param millis   of a step
  /// @param colour   its place in the palette
  /// @param tip      what is known of it
  /// @param children add up to it, or none
  record Slice(String label, double millis, int colour, String tip, List<Slice> children) {
    Slice {
      children = List.copyOf(children);
    }
  }

  StepBar {
    slices = List.copyOf(slices);
  }

  /// All rows' milliseconds.
  double millis() {
    return slices.stream().mapToDouble(Slice::millis).sum();
  }

  static StepBar of(Profile profile) {
    Slicer forward = new Slicer(profile, ", forward", row -> row.forward().median(), row -> row.work().forwardFlops(),
        row -> row.work().forwardBytes());
    Slicer backward = new Slicer(profile, ", backward", row -> row.backward().median(),
        row -> row.work().backwardFlops(), row -> row.work().backwardBytes());
    Slicer both = new Slicer(profile, "", Row::millis, row -> row.work().flops(), row -> row.work().bytes());
    List<Slice> slices = new ArrayList<>(List.of(forward.layers("forward"), backward.layers("backward")));
    List<Row> phases = profile.rows().stream().filter(row -> row.group() == Group.PHASE).toList();
    slices.add(both.slice("phases", "phases", phases,
        phases.stream().map(row -> both.slice(row.name(), row.name(), List.of(row), List.of())).toList()));
    profile.rows().stream().filter(row -> row.group() == Group.REST)
        .forEach(row -> slices.add(both.slice(row.name(), row.name(), List.of(row), List.of())));
    slices.removeIf(slice -> !(slice.millis > 0));
    return new StepBar(slices);
  }

  /// Cuts one direction of the step, or the step.
  private record Slicer(Profile profile, String direction, ToDoubleFunction<Row> millis, ToDoubleFunction<Row> flops,
      ToDoubleFunction<Row> bytes) {

    Slice layers(String label) {
      Map<Group, List<Row>> groups = new EnumMap<>(Group.class);
      for (Row row : profile.rows()) {
        if (row.group().compareTo(Group.PHASE) < 0 && millis.applyAsDouble(row) > 0) {
          groups.computeIfAbsent(row.group(), _ -> new ArrayList<>()).add(row);
        }
      }
      List<Slice> children = new ArrayList<>();
      groups.forEach((group, rows) -> children.add(slice(group.title, group.title + direction, rows,
          parts(rows))));
      List<Row> all = groups.values().stream().flatMap(List::stream).toList();
      Slice slice = slice(label, label, all, children);
      return new Slice(label, slice.millis, Group.REST.colour, slice.tip, children);
    }

    private List<Slice> parts(List<Row> rows) {
      List<Slice> slices = new ArrayList<>();
      Row.parts(rows).forEach((part, some) -> slices.add(slice(part, part + direction, some, blocks(some))));
      return slices;
    }

    private List<Slice> blocks(List<Row> rows) {
      return rows.stream().filter(row -> BlockName.of(row.name()).block() >= 0)
          .map(row -> slice(String.valueOf(BlockName.of(row.name()).block()), row.name() + direction, List.of(row),
              List.of()))
          .toList();
    }

    Slice slice(String label, String name, List<Row> rows, List<Slice> children) {
      double time = rows.stream().mapToDouble(millis).sum();
      return new Slice(label, time, rows.isEmpty() ? 0 : rows.getFirst().group().colour, tip(name, rows, time),
          children);
    }

    private String tip(String name, List<Row> rows, double time) {
      Row sum = Row.sum(name, Group.REST, rows);
      StringBuilder tip = new StringBuilder(name).append(": ").append(digits(time)).append(" ms, ")
          .append(percent(time / profile.steps().watched().median())).append(" of the step");
      double operations = flops.applyAsDouble(sum);
      double moved = bytes.applyAsDouble(sum);
      tip.append(operations > 0 ? ", " + digits(operations / time / 1e6) + " GFLOP/s" : "")
          .append(moved > 0 ? ", " + digits(moved / time / 1e6) + " GB/s" : "");
      return tip.append(Double.isNaN(sum.distance())
          ? ""
          : "; " + (direction.isEmpty() ? "" : "forward and backward together ") + digits(sum.distance())
              + " times as long as the peaks allow")
          .toString();
    }
  }

  /// A figure that scrolls sideways on narrow pages.
  ///
  /// @param title  what the bar is of
  /// @param millis of the whole width
  String figure(String title, double millis) {
    int bottom = LEVEL * OPACITY.length + 1;
    Svg svg = new Svg(WIDTH, bottom + 26, FONT, title, "class", "chart");
    Axis x = Axis.over(0, millis, 8, false).between(1, WIDTH - 1);
    for (Axis.Mark mark : x.marks()) {
      double at = x.at(mark.position());
      svg.rule(at, bottom, at, bottom + 4);
      svg.soft(at, bottom + 18, mark.position() == 0 ? "start" : mark.position() > 0.97 * millis ? "end" : "middle",
          mark.position() == 0 ? "0 ms" : mark.label());
    }
    draw(svg, slices, 0, 0, x);
    return "<figure class=\"scroll step\">" + svg.end() + "</figure>\n";
  }

  private static void draw(Svg svg, List<Slice> slices, double start, int level, Axis x) {
    double from = start;
    for (Slice slice : slices) {
      double left = x.at(from);
      double width = x.at(from + slice.millis()) - left;
      svg.colour(slice.colour()).title(slice.tip());
      svg.leaf("rect", "class", "slice", "x", left, "y", LEVEL * level, "width", width, "height", LEVEL, "fill",
          "currentColor", "fill-opacity", OPACITY[level], "stroke", "#ffffff", "stroke-width", 0.6);
      String label = label(slice, width);
      if (!label.isEmpty()) {
        svg.ink(left + width / 2, LEVEL * (level + 0.5) + FONT * 0.35, "middle", label);
      }
      svg.close();
      draw(svg, slice.children(), from, level + 1, x);
      from += slice.millis();
    }
  }

  /// The longest form of its name that fits.
  private static String label(Slice slice, double width) {
    String name = slice.label();
    return Stream.of(name + " " + digits(slice.millis()) + " ms", name, name.substring(name.lastIndexOf('.') + 1))
        .filter(label -> label.length() * FONT * Svg.CHARACTER + 4 <= width).findFirst().orElse("");
  }
}
