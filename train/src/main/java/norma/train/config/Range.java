package norma.train.config;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;

/// The numbers that a key accepts.
///
/// @param min  smallest
/// @param max  largest; finite, so that no range contains an infinity or NaN
/// @param text how an error message calls the range
public record Range(double min, double max, String text) {

  /// Every whole number of 64 bits.
  static final Range LONG = new Range(-0x1p63, 0x1p63, "a whole number of 64 bits");

  static final Range FINITE = new Range(-Double.MAX_VALUE, Double.MAX_VALUE, "a finite number");

  static final Range POSITIVE = of("(0, inf)");

  /// Whole numbers, both ends included.
  public static Range whole(int min, int max) {
    return new Range(min, max, min + " to " + max);
  }

  /// An interval, `[1, 65536]`, `[0, 1)` or `(0, inf)`.
  public static Range of(String interval) {
    int comma = interval.indexOf(", ");
    String low = interval.substring(1, comma);
    String high = interval.substring(comma + 2, interval.length() - 1);
    boolean above = interval.startsWith("(");
    boolean below = interval.endsWith(")");
    double min = above ? Math.nextUp(Double.parseDouble(low)) : Double.parseDouble(low);
    if (high.equals("inf")) {
      return new Range(min, Double.MAX_VALUE, above ? "a number above " + low : low + " or more");
    }
    double max = below ? Math.nextDown(Double.parseDouble(high)) : Double.parseDouble(high);
    return new Range(min, max, !above && !below
        ? low + " to " + high
        : "a number " + (above ? "above " + low + (below ? " and" : ",") : "from " + low + " to")
            + (below ? " below " : " at most ") + high);
  }

  /// The same, beside a word that stands for no number.
  Range or(String word) {
    return new Range(min, max, text + ", or " + word);
  }

  /// Whole numbers in ascending order, `0-3,7`.
  public static String spans(SortedSet<Integer> numbers) {
    List<String> spans = new ArrayList<>();
    int first = -1;
    for (int number : numbers) {
      if (!numbers.contains(number - 1)) {
        first = number;
      }
      if (!numbers.contains(number + 1)) {
        spans.add(first == number ? String.valueOf(number) : first + "-" + number);
      }
    }
    return String.join(",", spans);
  }

  /// Whether a number is inside.
  public boolean contains(double value) {
    return value >= min && value <= max;
  }

  /// Refuses a number outside.
  ///
  /// @throws IllegalArgumentException if the value at `path` is outside
  public void check(String path, Number value) {
    if (!contains(value.doubleValue())) {
      throw new IllegalArgumentException(path + " is " + YamlText.of(value) + "; expected " + text);
    }
  }
}
