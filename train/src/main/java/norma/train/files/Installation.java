package norma.train.files;

import java.nio.file.Path;

/// Where Norma is installed: the folder of the launcher, which names it as `norma.home`.
public final class Installation {
  private Installation() {}

  /// A file of it.
  ///
  /// @param name relative to it
  public static Path file(String name) {
    return Path.of(System.getProperty("norma.home", ".")).toAbsolutePath().normalize().resolve(name);
  }
}
