package norma.train.config;

import norma.train.files.Printable;

/// A configuration that cannot be accepted. The message is one printable line: location, path, value, what was expected.
public final class ConfigException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /// @param at      where it was written
  /// @param message the rest of the line; control characters in it are escaped
  public ConfigException(Location at, String message) {
    super(Printable.line(at + ": " + message));
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
