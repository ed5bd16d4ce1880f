package norma.train.profile;

import static norma.train.report.Decimals.digits;

import java.util.List;
import norma.train.report.Axis;
import norma.train.report.Svg;
import norma.train.report.Ticks;

/// The cases of a comparison under each other: time in the normalization slots, and speed of the whole step.
record ComparisonPlot(List<Comparison> cases) {
  private static final int WIDTH = 440;
  private static final int FONT = 12;
  private static final int ROW = 30;
  private static final int TOP = 30;
  private static final int FORWARD = 0;
  private static final int BACKWARD = 3;

  ComparisonPlot {
    cases = List.copyOf(cases);
  }

  /// Milliseconds of a step in the slots, forward and backward.
  String slots() {
    double longest = cases.stream().mapToDouble(c -> c.slotForward() + c.slotBackward()).max().orElseThrow();
    Plot plot = new Plot("time in the normalization slots (ms a step)", Ticks.around(0, longest * 1.12, 4));
    for (int i = 0; i < cases.size(); i++) {
      Comparison one = cases.get(i);
      double sum = one.slotForward() + one.slotBackward();
      plot.bar(i, FORWARD, 0, one.slotForward());
      plot.bar(i, BACKWARD, one.slotForward(), sum);
      plot.svg.soft(plot.x.at(sum) + 5, plot.middle(i) + FONT * 0.35, "start",
          one.slots() == 0 ? "no slots" : digits(sum));
    }
    return plot.svg.end();
  }

  /// Tokens/s over those of the first case: the median over the rounds, and a line from the first to the third quartile.
  String speeds() {
    double low = cases.stream().mapToDouble(c -> c.speed().low()).min().orElseThrow();
    double high = cases.stream().mapToDouble(c -> c.speed().high()).max().orElseThrow();
    Plot plot = new Plot("speed of the step, first case = 1", Ticks.around(Math.min(1, low), Math.max(1, high), 4));
    plot.svg.rule(plot.x.at(1), TOP, plot.x.at(1), plot.bottom);
    for (int i = 0; i < cases.size(); i++) {
      Spread speed = cases.get(i).speed();
      double y = plot.middle(i);
      plot.svg.colour(FORWARD)
          .title(cases.get(i).name() + ": " + ProfileTables.ratio(speed));
      plot.svg.leaf("line", "x1", plot.x.at(speed.low()), "x2", plot.x.at(speed.high()), "y1", y, "y2", y, "stroke",
          "currentColor", "stroke-width", 3, "stroke-linecap", "round", "stroke-opacity", 0.45);
      plot.svg.leaf("circle", "cx", plot.x.at(speed.median()), "cy", y, "r", 4.5, "fill", "currentColor").close();
    }
    return plot.svg.end();
  }

  /// A row for each case below a heading, above an axis.
  private final class Plot {
    private final Svg svg;
    private final Axis x;
    private final int bottom = TOP + ROW * cases.size();

    Plot(String title, Ticks ticks) {
      int longest = cases.stream().mapToInt(c -> c.name().length()).max().orElse(0);
      double left = Math.min(0.4 * WIDTH, 14 + longest * FONT * Svg.CHARACTER);
      x = Axis.linear(ticks).between(left, WIDTH - 24);
      svg = new Svg(WIDTH, bottom + 24, FONT, title, "class", "chart");
      svg.ink(4, FONT * 1.4, "start", title, "font-weight", 600);
      for (Axis.Mark mark : x.marks()) {
        double at = x.at(mark.position());
        svg.grid(at, TOP, at, bottom);
        svg.soft(at, bottom + 17, "middle", mark.label());
      }
      int most = (int) ((left - 14) / (FONT * Svg.CHARACTER));
      for (int i = 0; i < cases.size(); i++) {
        String name = cases.get(i).name();
        svg.ink(left - 8, middle(i) + FONT * 0.35, "end",
            name.length() <= most ? name : name.substring(0, most) + "\u2026");
      }
    }

    double middle(int row) {
      return TOP + ROW * (row + 0.5);
    }

    void bar(int row, int colour, double from, double to) {
      svg.colour(colour)
          .leaf("rect", "x", x.at(from), "y", middle(row) - 8, "width", x.at(to) - x.at(from), "height", 16, "fill",
              "currentColor")
          .close();
    }
  }
}
