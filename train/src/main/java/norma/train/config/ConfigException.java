package norma.train.config;

import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import norma.train.files.Printable;

/// A configuration that cannot be accepted. The message has one printable line for each thing
/// that is wrong: location, path, value, what was expected.
public final class ConfigException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  /// What a person mends at a time.
  static final int MOST = 10;

  private final Location at;
  private final List<ConfigException> parts; // of one error none
  /// @param at      where it was written
  /// @param message the rest of the line; control characters in it are escaped
  public ConfigException(Location at, String message) {
    super(Printable.line(at + ": " + message));
    this.at = at;
    parts = List.of();
  }

  private ConfigException(List<ConfigException> parts) {
    super(parts.stream().map(Throwable::getMessage).distinct().limit(MOST).collect(Collectors.joining("\n")));
    at = parts.getFirst().at;
    this.parts = parts;
  }

  /// One error for several, a line each, those of one source by their lines; of many the first.
  public static ConfigException all(List<ConfigException> errors) {
    if (errors.size() == 1) {
      return errors.getFirst();
    }
    List<ConfigException> each = errors.stream().flatMap(e -> e.parts.isEmpty() ? Stream.of(e) : e.parts.stream())
        .toList();
    List<String> sources = each.stream().map(e -> e.at.source()).distinct().toList();
    return new ConfigException(each.stream()
        .sorted(Comparator.<ConfigException>comparingInt(e -> sources.indexOf(e.at.source()))
            .thenComparingInt(e -> e.at.line()))
        .toList());
  }

  /// An error about the value at a dotted path. A value from the command line is repeated, since it has no line.
  public static ConfigException of(Node node, String path, String message) {
    return of(node.at(), node, path, message);
  }

  static ConfigException of(Location at, Node node, String path, String message) {
    boolean repeat = at.equals(Location.COMMAND_LINE) && node instanceof Node.Scalar;
    String value = repeat ? "=" + YamlText.shorten(((Node.Scalar) node).text()) : "";
    return new ConfigException(at, path.isEmpty() ? message : path + value + ": " + message);
  }
}
