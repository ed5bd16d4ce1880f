package norma.train.profile;

import static norma.train.report.Decimals.digits;

import java.util.List;
import norma.train.report.Axis;
import norma.train.report.RowPlot;
import norma.train.report.Svg;

/// The cases of a comparison under each other: time in the normalization slots, and speed of the whole step.
record ComparisonPlot(List<CaseFigures> cases) {
  private static final int WIDTH = 440;

  ComparisonPlot {
    cases = List.copyOf(cases);
  }

  /// Milliseconds of a step in the slots, forward and backward.
  String slots() {
    double longest = cases.stream().mapToDouble(c -> c.slotForward() + c.slotBackward()).max().orElseThrow();
    RowPlot plot = plot("time in the normalization slots (ms a step)", Axis.around(0, longest * 1.12, 4), Double.NaN);
    for (int i = 0; i < cases.size(); i++) {
      CaseFigures one = cases.get(i);
      double sum = one.slotForward() + one.slotBackward();
      plot.bar(i, Svg.FORWARD, 0, one.slotForward());
      plot.bar(i, Svg.BACKWARD, one.slotForward(), sum);
      plot.note(i, sum, one.slots() == 0 ? "no slots" : digits(sum));
    }
    return plot.end();
  }

  /// Tokens/s over those of the first case: the median over the rounds, and a line from the first to the third quartile.
  String speeds() {
    double low = cases.stream().mapToDouble(c -> c.speed().low()).min().orElseThrow();
    double high = cases.stream().mapToDouble(c -> c.speed().high()).max().orElseThrow();
    RowPlot plot = plot("speed of the step, first case = 1", Axis.around(Math.min(1, low), Math.max(1, high), 4), 1);
    for (int i = 0; i < cases.size(); i++) {
      Quartiles speed = cases.get(i).speed();
      plot.range(i, speed.low(), speed.median(), speed.high(), cases.get(i).name() + ": " + ProfileTables.ratio(speed));
    }
    return plot.end();
  }

  private RowPlot plot(String title, Axis axis, double emphasis) {
    return new RowPlot(WIDTH, "chart", title, cases.stream().map(CaseFigures::name).toList(), axis, emphasis);
  }
}
