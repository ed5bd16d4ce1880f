package norma.train.config;

import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import norma.train.files.Printable;

/// Scalars as YAML 1.2 text (the core schema), and back to words for messages.
public final class YamlText {
  private static final Pattern NULL = Pattern.compile("null|Null|NULL|~|");
  private static final Pattern FLAG = Pattern.compile("true|True|TRUE|false|False|FALSE");
  private static final Pattern INTEGER = Pattern.compile("[-+]?[0-9]+");
  private static final Pattern NUMBER = Pattern.compile("[-+]?(\\.[0-9]+|[0-9]+(\\.[0-9]*)?)([eE][-+]?[0-9]+)?"
      + "|0o[0-7]{1,15}|0x[0-9a-fA-F]{1,15}|[-+]?\\.(inf|Inf|INF)|\\.(nan|NaN|NAN)");
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z][A-Za-z0-9_./-]*");
  private static final int SHOWN = 60;

  private YamlText() {}

  static boolean isNull(Node node) {
    return is(NULL, node);
  }

  static boolean isFlag(Node node) {
    return is(FLAG, node);
  }

  static boolean isInteger(Node node) {
    return is(INTEGER, node);
  }

  static boolean isNumber(Node node) {
    return is(NUMBER, node);
  }

  /// A number or a formula: what is a number without quotes stays without them.
  static String numberOrFormula(String text) {
    return NUMBER.matcher(text).matches() ? text : of(text);
  }

  private static boolean is(Pattern pattern, Node node) {
    return node instanceof Node.Scalar s && s.plain() && pattern.matcher(s.text()).matches();
  }

  /// A value that reads back the same: a number with the fewest digits (`0.001`, `1.0`, `1e-8`), a text in quotes where it could be read
  /// as anything else, an enum's constant in lower case, a list.
  public static String of(Object value) {
    if (value instanceof Double number) {
      return number(number);
    } else if (value instanceof String text) {
      return text(text);
    } else if (value instanceof Enum<?> constant) {
      return constant.name().toLowerCase(Locale.ROOT);
    }
    return value instanceof List<?> items
        ? items.stream().map(YamlText::of).collect(Collectors.joining(", ", "[", "]"))
        : value.toString();
  }

  private static String number(double value) {
    double magnitude = Math.abs(value);
    if (value == 0 || (magnitude >= 1e-3 && magnitude < 1e7) || !Double.isFinite(value)) {
      return Double.toString(value);
    }
    BigDecimal exact = new BigDecimal(Double.toString(value)).stripTrailingZeros();
    if (magnitude >= 1e-4 && magnitude < 1) {
      return exact.toPlainString();
    }
    String digits = exact.unscaledValue().abs().toString();
    String mantissa = digits.length() == 1 ? digits : digits.charAt(0) + "." + digits.substring(1);
    return (value < 0 ? "-" : "") + mantissa + "e" + (digits.length() - 1 - exact.scale());
  }

  private static String text(String value) {
    if (PLAIN.matcher(value).matches() && !NULL.matcher(value).matches() && !FLAG.matcher(value).matches()) {
      return value;
    }
    return value.codePoints()
        .mapToObj(c -> Printable.is(c)
            ? (c == '"' || c == '\\' ? "\\" : "") + Character.toString(c)
            : String.format(Locale.ROOT, "\\U%08X", c))
        .collect(Collectors.joining("", "\"", "\""));
  }

  /// A tree on one line, as it was written but for spaces and comments.
  static String flow(Node node) {
    return switch (node) {
      case Node.Scalar scalar -> scalar.plain() ? scalar.text() : text(scalar.text());
      case Node.Sequence list ->
        list.items().stream().map(YamlText::inside).collect(Collectors.joining(", ", "[", "]"));
      case Node.Mapping group -> group.entries().entrySet().stream()
          .map(entry -> entry.getKey() + ": " + inside(entry.getValue().value()))
          .collect(Collectors.joining(", ", "{", "}"));
    };
  }

  /// In a list or a group, where a comma or a bracket ends what stands in lines of its own without quotes.
  private static String inside(Node node) {
    return node instanceof Node.Scalar scalar && scalar.text().chars().anyMatch(c -> ",[]{}".indexOf(c) >= 0)
        ? text(scalar.text())
        : flow(node);
  }

  /// At most 60 characters, for messages.
  static String shorten(String text) {
    return text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "... (" + text.length() + " characters)";
  }

  /// Fails unless the system can have a file of that name: it need not be printable, but no blank one is meant.
  static void requirePath(String path, String value) {
    if (value.isBlank() || value.indexOf('\0') >= 0) {
      throw new IllegalArgumentException(path + " is '" + shorten(value) + "'; expected a path");
    }
  }
}
