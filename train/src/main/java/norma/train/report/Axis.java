package norma.train.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleFunction;
import java.util.stream.DoubleStream;
import java.util.stream.LongStream;

/// One axis of a drawing: where a value stands, and what is written at it. On a logarithmic axis positions are exponents of ten.
///
/// @param min   first position
/// @param max   last position, greater than `min`
/// @param log   whether it is logarithmic
/// @param marks by growing position
/// @param from  coordinate of the first position, in pixels
/// @param to    coordinate of the last position; less than `from` on an axis that goes up
public record Axis(double min, double max, boolean log, List<Mark> marks, double from, double to) {
  /// A tick.
  ///
  /// @param position on the axis, of a logarithmic one an exponent of ten
  public record Mark(double position, String label) {}

  public Axis {
    marks = List.copyOf(marks);
  }

  /// A linear axis over exactly [min, max], with about `count` ticks inside.
  ///
  /// @param wholeNumbers whether the axis counts things: no tick between two whole numbers
  public static Axis over(double min, double max, int count, boolean wholeNumbers) {
    double span = max > min ? max - min : 1;
    double step = niceStep(span / count);
    return linear(min, min + span, wholeNumbers ? Math.max(1, step) : step);
  }

  /// A linear axis that contains [min, max] and begins and ends with a tick.
  public static Axis around(double min, double max, int count) {
    if (!(max > min)) { // one value: an axis around it, so that it stands in the middle
      double pad = min == 0 ? 1 : Math.abs(min) * 0.1;
      return around(min - pad, max + pad, count);
    }
    double step = niceStep((max - min) / count);
    return linear(Math.floor(min / step + 1e-9) * step, Math.ceil(max / step - 1e-9) * step, step);
  }

  /// Ticks at the multiples of a step, exact up to rounding.
  private static Axis linear(double min, double max, double step) {
    List<Mark> marks = LongStream
        .rangeClosed((long) Math.ceil(min / step - 1e-9), (long) Math.floor(max / step + 1e-9))
        .mapToObj(i -> new Mark(i * step, linearLabel(i * step, step, Math.max(-min, max)))).toList();
    return new Axis(min, max, false, marks, 0, 1);
  }

  /// The smallest of 1, 2, 5 times a power of ten that is at least `atLeast`.
  static double niceStep(double atLeast) {
    double power = Math.pow(10, Math.floor(Math.log10(atLeast)));
    return DoubleStream.of(1, 2, 5).map(factor -> factor * power).filter(step -> step >= atLeast * (1 - 1e-9))
        .findFirst().orElse(10 * power);
  }

  /// As many decimals as the step needs, thousands set apart, powers of ten for the very small and large.
  ///
  /// @param largest magnitude on the axis: its labels are alike
  private static String linearLabel(double value, double step, double largest) {
    int exponent = (int) Math.floor(Math.log10(step) + 1e-9);
    if (Math.abs(value) < step / 2) {
      return "0";
    }
    if ((exponent < -4 && largest < 1e-3) || largest >= 1e7) {
      return scientific(Math.max(2, (int) Math.floor(Math.log10(largest) + 1e-9) - exponent), value);
    }
    return String.format(Locale.ROOT, "%,." + Math.max(0, -exponent) + "f", value);
  }

  /// A logarithmic axis that begins and ends with 1, 2 or 5 times a power of ten. Ticks stand there, or at the powers alone.
  ///
  /// @param low   above 0
  /// @param high  at least `low`
  /// @param count of ticks inside, about
  public static Axis logarithmic(double low, double high, int count) {
    boolean many = 3 * Math.log10(high / low) > count;
    List<Mark> marks = new ArrayList<>();
    double first = Double.NEGATIVE_INFINITY;
    double last = Double.NEGATIVE_INFINITY;
    for (int exponent = (int) Math.floor(Math.log10(low)) - 1; last < Math.log10(high) - 1e-9; exponent++) {
      for (int factor = 1; factor <= 5 && last < Math.log10(high) - 1e-9; factor = factor * 2 + factor / 2) {
        double value = factor * Math.pow(10, exponent);
        last = Math.log10(value);
        if (value <= low * (1 + 1e-9)) {
          marks.clear();
          first = last;
        }
        if (!many || factor == 1) {
          marks.add(new Mark(last, label(value, exponent)));
        }
      }
    }
    return last > first ? new Axis(first, last, true, marks, 0, 1) : logarithmic(low * 0.9, high * 1.1, count);
  }

  /// A logarithmic axis that has its ticks at the values themselves, with some room on either side.
  ///
  /// @param values above 0
  /// @param label  of a value
  public static Axis at(Collection<Double> values, DoubleFunction<String> label) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).distinct().sorted().toArray();
    double first = Math.log10(sorted[0]);
    double last = Math.log10(sorted[sorted.length - 1]);
    double room = last > first ? 0.06 * (last - first) : 0.5;
    List<Mark> marks = Arrays.stream(sorted).mapToObj(v -> new Mark(Math.log10(v), label.apply(v))).toList();
    return new Axis(first - room, last + room, true, marks, 0, 1);
  }

  /// Moves the axis between two coordinates in pixels.
  public Axis between(double start, double end) {
    return new Axis(min, max, log, marks, start, end);
  }

  /// The coordinate of a value.
  public double at(double value) {
    return place(log ? Math.log10(value) : value);
  }

  /// The coordinate of a position, which is an exponent on a logarithmic axis.
  double place(double position) {
    return from + (position - min) / (max - min) * (to - from);
  }

  /// The smallest value that has a place, up to rounding; on a linear axis there is none.
  double lowest() {
    return log ? Math.pow(10, min) * (1 - 1e-9) : Double.NEGATIVE_INFINITY;
  }

  /// The greatest value on it, up to rounding.
  double highest() {
    return log ? Math.pow(10, max) * (1 + 1e-9) : max + 1e-9 * (max - min);
  }

  /// Characters of the longest label.
  int longestLabel() {
    return marks.stream().mapToInt(mark -> mark.label.length()).max().orElse(0);
  }

  private static String label(double value, int exponent) {
    return exponent >= -4 && exponent <= 6
        ? String.format(Locale.ROOT, "%,." + Math.max(0, -exponent) + "f", value)
        : scientific(0, value);
  }

  /// A power of ten as short as it is: `2e-7`, `1.25e8`.
  private static String scientific(int digits, double value) {
    return String.format(Locale.ROOT, "%." + digits + "e", value).replaceFirst("\\.?0+e", "e")
        .replaceFirst("e\\+?(-?)0*", "e$1");
  }
}
