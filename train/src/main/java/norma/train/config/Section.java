package norma.train.config;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
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
    if (node == null) {
      return new Section(new Node.Mapping(mapping.at(), Map.of()), path(key));
    } else if (node instanceof Node.Mapping inner) {
      return new Section(inner, path(key));
    }
    throw error(node, key, node.describe() + " is a value; expected a group of keys");
  }

  /// A list; empty if absent.
  public List<Node> list(String key) {
    Node node = node(key);
    if (node == null) {
      return List.of();
    } else if (node instanceof Node.Sequence sequence) {
      return sequence.items();
    }
    throw error(node, key, node.describe() + " is not a list; expected [...]");
  }

  /// A whole number.
  public int integer(String key, int fallback, Range range) {
    Node node = node(key);
    return node == null ? fallback : (int) whole(node, path(key), range);
  }

  /// A whole number of 64 bits.
  public long seed(String key, long fallback) {
    Node node = node(key);
    return node == null ? fallback : whole(node, path(key), Range.LONG);
  }

  /// A number.
  public double number(String key, double fallback, Range range) {
    Node node = node(key);
    return node == null ? fallback : number(node, path(key), range);
  }

  /// True or false.
  public boolean flag(String key, boolean fallback) {
    Node node = node(key);
    return node == null ? fallback : flag(node, path(key));
  }

  /// Text.
  public String text(String key, String fallback) {
    Node node = node(key);
    return node == null ? fallback : text(node, path(key), "text");
  }

  /// One of a few words.
  public String choice(String key, String fallback, List<String> words) {
    Node node = node(key);
    return node == null ? fallback : choice(node, path(key), words);
  }

  static long whole(Node node, String path, Range range) {
    String expected = "; expected " + range.text();
    if (!YamlText.isNumber(node)) {
      throw ConfigException.of(node, path, node.describe() + " is not a whole number" + expected);
    }
    if (!YamlText.isInteger(node)) {
      double value = decimal(node);
      String advice = value != Math.rint(value)
          ? "not a whole number" + expected
          : range.contains(value) && Math.abs(value) < EXACT
              ? "not written as a whole number; write " + (long) value
              : "out of range" + expected;
      throw ConfigException.of(node, path, node.describe() + " is " + advice);
    }
    try {
      long value = Long.parseLong(((Node.Scalar) node).text());
      if (range.contains((double) value)) {
        return value;
      }
    } catch (NumberFormatException _) {
      // more than 64 bits
    }
    throw ConfigException.of(node, path, node.describe() + " is out of range" + expected);
  }

  static double number(Node node, String path, Range range) {
    if (!YamlText.isNumber(node)) {
      throw ConfigException.of(node, path, node.describe() + " is not a number; expected " + range.text());
    }
    double value = decimal(node);
    if (!range.contains(value) || (value == 0 && NOT_ZERO.matcher(((Node.Scalar) node).text()).lookingAt())) {
      throw ConfigException.of(node, path, node.describe() + " is out of range; expected " + range.text());
    }
    return value;
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

  static boolean flag(Node node, String path) {
    if (!YamlText.isFlag(node)) {
      throw ConfigException.of(node, path, node.describe() + " is not a switch; expected true or false");
    }
    return Boolean.parseBoolean(((Node.Scalar) node).text());
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

  static String choice(Node node, String path, List<String> words) {
    if (node instanceof Node.Scalar scalar && words.contains(scalar.text())) {
      return scalar.text();
    }
    String nearest = node instanceof Node.Scalar scalar && words.size() > 1 ? Nearest.of(scalar.text(), words) : null;
    throw ConfigException.of(node, path, node.describe() + " is not known"
        + (nearest == null ? "; expected " : "; did you mean " + nearest + "? Expected ")
        + (words.size() == 1 ? "" : "one of ") + String.join(", ", words));
  }

  /// Fails if there are keys that were not asked for.
  ///
  /// @throws ConfigException with the nearest valid key and all valid keys
  public void finish() {
    List<ConfigException> unknown = new ArrayList<>();
    mapping.entries().forEach((key, entry) -> {
      if (!known.contains(key) && unknown.size() < ConfigException.MOST) {
        unknown.add(ConfigException.of(entry.keyAt(), entry.value(), path(YamlText.shorten(key)),
            "unknown key" + advice(key)));
      }
    });
    if (!unknown.isEmpty()) {
      throw ConfigException.all(unknown);
    }
  }

  /// What was meant by a key; where a run's keys are read it may be one whose group was left out, or joined to it by a dot.
  private String advice(String key) {
    List<String> elsewhere = ConfigKey.all().filter(k -> k.name().equals(key)).map(ConfigKey::path).toList();
    boolean root = known.containsAll(ConfigKey.ROOT.stream().map(ConfigKey::name).toList());
    if (root && elsewhere.size() == 1) {
      return "; did you mean " + elsewhere.getFirst() + "?";
    }
    int dot = key.indexOf('.');
    if (root && dot > 0 && ConfigKey.find(key).isPresent()) {
      return "; in a file it is written " + key.substring(0, dot) + ": {" + key.substring(dot + 1) + ": ...}";
    }
    return Nearest.advice(path.isEmpty() ? "" : path + ".", key, known, "Valid keys here: ");
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
