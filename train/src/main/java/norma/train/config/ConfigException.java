package norma.train.config;

import java.util.List;
import java.util.stream.Collectors;
import norma.train.files.Printable;

/// A configuration that cannot be accepted. The message has one printable line for each thing
/// that is wrong: location, path, value, what was expected.
public final class ConfigException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  /// What a person mends at a time.
  static final int MOST = 10;

  /// @param at      where it was written
  /// @param message the rest of the line; control characters in it are escaped
  public ConfigException(Location at, String message) {
    super(Printable.line(at + ": " + message));
  }

  private ConfigException(String lines) {
    super(lines);
  }

  /// One error for several, a line each; of many the first.
  public static ConfigException all(List<ConfigException> errors) {
    return errors.size() == 1
        ? errors.getFirst()
        : new ConfigException(errors.stream().flatMap(e -> String.valueOf(e.getMessage()).lines()).distinct()
            .limit(MOST).collect(Collectors.joining("\n")));
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
