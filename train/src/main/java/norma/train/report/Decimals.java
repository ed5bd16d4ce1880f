package norma.train.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Locale;

/// How pages and tables write numbers. A number that is not finite is [Table#NONE].
public final class Decimals {
  private Decimals() {}

  /// A loss: four decimals, as far as seeds and machines agree.
  public static String loss(double value) {
    return format("%.4f", value);
  }

  /// A whole number with its thousands set apart.
  public static String count(double value) {
    return format("%,.0f", value);
  }

  /// A number of things: `1 run`, `2 runs`.
  ///
  /// @param noun in the singular
  public static String counted(long number, String noun) {
    return count(number) + " " + noun + (number == 1 ? "" : "s");
  }

  public static String percent(double share) {
    return format("%.1f\u00a0%%", 100 * share);
  }

  /// Three digits that mean something.
  public static String digits(double value) {
    double size = Math.abs(value);
    if (size == 0) {
      return "0";
    }
    if (size < 1e-3 || size >= 1e6) {
      return format("%.2e", value);
    }
    return format(size >= 100 ? "%,.0f" : size >= 10 ? "%.1f" : size >= 1 ? "%.2f" : "%.3f", value);
  }

  /// A setting: as few digits as it has, four at most, ten of a whole number.
  public static String plain(double value) {
    int most = value == Math.rint(value) ? 10 : 4;
    BigDecimal digits = new BigDecimal(value, new MathContext(most)).stripTrailingZeros();
    return Math.abs(value) >= 1e-4 && Math.abs(value) < 1e9 ? digits.toPlainString() : digits.toString();
  }

  /// A setting on an axis: below 0.1 three digits at most, `3e-4`.
  public static String setting(double value) {
    BigDecimal digits = new BigDecimal(value, new MathContext(3)).stripTrailingZeros();
    int exponent = digits.precision() - digits.scale() - 1;
    return exponent >= -1 ? plain(value) : digits.movePointLeft(exponent).toPlainString() + "e" + exponent;
  }

  /// A duration: `12.3 s`, `4 min 05 s` or `2 h 10 min`.
  static String duration(double seconds) {
    long whole = Math.round(seconds);
    if (seconds < 60) {
      return format("%.1f s", seconds);
    }
    return whole < 3600
        ? String.format(Locale.ROOT, "%d min %02d s", whole / 60, whole % 60)
        : String.format(Locale.ROOT, "%d h %02d min", whole / 3600, whole % 3600 / 60);
  }

  /// Bytes with a unit of 1024.
  public static String bytes(double bytes) {
    return bytes > 0 ? scaled(bytes, 1024, "B", "KiB", "MiB", "GiB", "TiB") : Table.NONE;
  }

  /// A count of operations or bytes with a decimal prefix, for example `3.84 G`.
  public static String metric(double value) {
    return value < 1000 ? format("%.0f ", value) : scaled(value, 1000, "", "k", "M", "G", "T", "P");
  }

  private static String scaled(double value, int step, String... units) {
    int unit = 0;
    double scaled = value;
    while (scaled >= step && unit < units.length - 1) {
      scaled /= step;
      unit++;
    }
    return digits(scaled) + " " + units[unit];
  }

  /// A number in a format of [String#format].
  public static String format(String pattern, double value) {
    return formatOr(Table.NONE, pattern, value);
  }

  /// Formats a number with a text of one's own in place of one that is not finite.
  public static String formatOr(String none, String pattern, double value) {
    return Double.isFinite(value) ? String.format(Locale.ROOT, pattern, value) : none;
  }

  /// Formats a number with a minus sign instead of a hyphen, and with nothing in place of one that is not finite.
  public static String signed(String pattern, double value) {
    return formatOr("", pattern, value).replace('-', '\u2212');
  }
}
