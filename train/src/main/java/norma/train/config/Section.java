package norma.train.config;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Reads the keys of one mapping, each with its type, default and range, and then reports the keys that nobody asked for.
/// Nothing is converted: `"5"` is not a number, `5.0` is not a whole number, `yes` is not a switch, null is no value.
public final class Section {
  /// Every whole number below is a double.
  private static final double EXACT = 0x1p53;
  /// A number that is not zero, though it may be too small for a double.
  private static final Pattern NOT_ZERO = Pattern.compile("[-+.0]*[1-9]");

  private final Node.Mapping mapping;
  private final String path;
  private final Set<String> known = new LinkedHashSet<>();

  /// @param path dotted path of the mapping in its file; empty for the file itself
  public Section(Node.Mapping mapping, String path) {
    this.mapping = mapping;
    this.path = path;
  }

  /// Dotted path of a key.
  public String path(String key) {
    return path.isEmpty() ? key : path + "." + key;
  }

  /// The value of a key as it stands, or null if it is absent.
  @Nullable
  public Node node(String key) {
    known.add(key);
    Node node = mapping.get(key);
    if (node != null && YamlText.isNull(node)) {
      throw error(node, key, "no value; give one, or leave the key out");
    }
    return node;
  }

  /// A group of keys; absent, it is empty and everything in it has its default.
  public Section section(String key) {
    Node node = node(key);
    return switch (node) {
      case null -> new Section(new Node.Mapping(mapping.at(), Map.of()), path(key));
      case Node.Mapping inner -> new Section(inner, path(key));
      default -> throw error(node, key, node.describe() + " is a value; expected a group of keys");
    };
  }

  /// A list; empty if absent.
  public List<Node> list(String key) {
    Node node = node(key);
    return switch (node) {
      case null -> List.of();
      case Node.Sequence sequence -> sequence.items();
      default -> throw error(node, key, node.describe() + " is not a list; expected [...]");
    };
  }

  /// A whole number.
  public int integer(String key, int fallback, Range range) {
    Node node = node(key);
    return node == null ? fallback : (int) whole(node, key, range, range.text());
  }

  /// A whole number, or a word that stands for none.
  public OptionalInt integerOr(String word, String key, OptionalInt fallback, Range range) {
    Node node = node(key);
    if (node instanceof Node.Scalar scalar && scalar.text().equals(word)) {
      return OptionalInt.empty();
    }
    return node == null ? fallback : OptionalInt.of(integer(key, 1, range));
  }

  /// A whole number of 64 bits.
  public long seed(String key, long fallback) {
    Node node = node(key);
    Range all = new Range(-0x1p63, 0x1p63, "");
    return node == null ? fallback : whole(node, key, all, "a whole number of 64 bits");
  }

  private long whole(Node node, String key, Range range, String expected) {
    String shown = node.describe();
    if (!YamlText.isNumber(node)) {
      throw error(node, key, shown + " is not a whole number; expected " + expected);
    }
    if (!YamlText.isInteger(node)) {
      double value = decimal(node);
      String advice = value == Math.rint(value) && range.contains(value) && Math.abs(value) < EXACT
          ? "not written as a whole number; write " + (long) value
          : value == Math.rint(value)
              ? "out of range; expected " + expected
              : "not a whole number; expected " + expected;
      throw error(node, key, shown + " is " + advice);
    }
    try {
      long value = Long.parseLong(((Node.Scalar) node).text());
      if (range.contains((double) value)) {
        return value;
      }
    } catch (NumberFormatException _) {
      // more than 64 bits
    }
    throw error(node, key, shown + " is out of range; expected " + expected);
  }

  /// A number.
  public double number(String key, double fallback, Range range) {
    Node node = node(key);
    return node == null ? fallback : number(node, path(key), range);
  }

  private static double number(Node node, String path, Range range) {
    if (!YamlText.isNumber(node)) {
      throw ConfigException.of(node, path, node.describe() + " is not a number; expected " + range.text());
    }
    double value = decimal(node);
    if (!range.contains(value) || (value == 0 && NOT_ZERO.matcher(((Node.Scalar) node).text()).lookingAt())) {
      throw ConfigException.of(node, path, node.describe() + " is out of range; expected " + range.text());
    }
    return value;
  }

  /// Several numbers in brackets.
  public List<Double> numbers(String key, List<Double> fallback, Range range) {
    Node node = node(key);
    if (node == null) {
      return fallback;
    }
    if (!(node instanceof Node.Sequence sequence) || sequence.items().size() != fallback.size()) {
      String example = fallback.toString();
      throw error(node, key,
          node.describe() + " is not a list of " + fallback.size() + " numbers; expected " + example);
    }
    List<Double> values = new ArrayList<>();
    for (Node item : sequence.items()) {
      values.add(number(item, path(key) + "[" + values.size() + "]", range));
    }
    return List.copyOf(values);
  }

  private static double decimal(Node number) {
    String text = ((Node.Scalar) number).text();
    if (text.startsWith("0x") || text.startsWith("0o")) {
      return (double) Long.parseLong(text.substring(2), text.charAt(1) == 'x' ? 16 : 8);
    }
    char last = Character.toLowerCase(text.charAt(text.length() - 1));
    return switch (last) {
      case 'n' -> Double.NaN;
      case 'f' -> text.startsWith("-") ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
      default -> Double.parseDouble(text);
    };
  }

  /// True or false.
  public boolean flag(String key, boolean fallback) {
    Node node = node(key);
    if (node == null) {
      return fallback;
    }
    if (!YamlText.isFlag(node)) {
      throw error(node, key, node.describe() + " is not a switch; expected true or false");
    }
    return Boolean.parseBoolean(((Node.Scalar) node).text());
  }

  /// Text.
  public String text(String key, String fallback) {
    Node node = node(key);
    return node == null ? fallback : text(node, path(key), "text");
  }

  static String text(Node node, String path, String expected) {
    if (!(node instanceof Node.Scalar scalar)) {
      throw ConfigException.of(node, path, node.describe() + "; expected " + expected);
    }
    if (YamlText.isFlag(node) || YamlText.isNumber(node)) {
      throw ConfigException.of(node, path, node.describe() + " is not text; expected " + expected
          + " (in quotes, \"" + YamlText.shorten(scalar.text()) + "\" is text)");
    }
    return scalar.text();
  }

  /// One of a few words.
  public String choice(String key, String fallback, List<String> words) {
    Node node = node(key);
    if (node == null) {
      return fallback;
    }
    String expected = (words.size() == 1 ? "" : "one of ") + String.join(", ", words);
    if (node instanceof Node.Scalar scalar && words.contains(scalar.text())) {
      return scalar.text();
    }
    String hint = node instanceof Node.Scalar scalar && words.size() > 1
        ? Nearest.hint("", scalar.text(), words)
        : "";
    throw error(node, key,
        node.describe() + " is not known" + hint + (hint.isEmpty() ? "; expected " : " Expected ") + expected);
  }

  /// One of an enum's constants, in lower case.
  public <E extends Enum<E>> E choice(String key, E fallback) {
    E[] constants = fallback.getDeclaringClass().getEnumConstants();
    List<String> words = Arrays.stream(constants).map(YamlText::of).toList();
    return constants[words.indexOf(choice(key, YamlText.of(fallback), words))];
  }

  /// Fails at the first key that was not asked for.
  ///
  /// @throws ConfigException with the nearest valid key and all valid keys
  public void finish() {
    mapping.entries().forEach((key, entry) -> {
      if (!known.contains(key)) {
        String hint = Nearest.hint(path.isEmpty() ? "" : path + ".", key, known);
        String message = "unknown key" + hint + (hint.isEmpty() ? ". " : " ") + "Valid keys here: "
            + String.join(", ", known);
        throw ConfigException.of(entry.keyAt(), entry.value(), path(YamlText.shorten(key)), message);
      }
    });
  }

  /// An error about a key's value.
  public ConfigException error(Node node, String key, String message) {
    return ConfigException.of(node, path(key), message);
  }

  /// An error about the section as a whole.
  public ConfigException error(String message) {
    return ConfigException.of(mapping, path, message);
  }
}
