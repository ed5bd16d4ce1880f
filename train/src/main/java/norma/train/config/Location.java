package norma.train.config;

import java.nio.file.Path;

/// Where a piece of configuration was written.
///
/// @param source file as the user named it, or `command line`
/// @param line   counted from 1; 0 where the source has no lines
public record Location(String source, int line) {

  static final Location COMMAND_LINE = new Location("command line", 0);

  /// A source as a whole.
  static Location of(String source) {
    return new Location(source, 0);
  }

  /// A path that was written here: in a file it starts at the file's folder, on the command line where one stands.
  String beside(String path) {
    return line == 0 ? path : Path.of(source).resolveSibling(path).toString();
  }

  /// `configs/x.yaml:12`, or the source alone.
  @Override
  public String toString() {
    return line > 0 ? source + ":" + line : source;
  }
}
