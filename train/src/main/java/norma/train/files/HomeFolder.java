package norma.train.files;

import java.nio.file.Path;
import java.util.Map;

/// The user's home folder, and paths that start there.
public final class HomeFolder {
  private HomeFolder() {}

  /// `$HOME`, as a shell takes it, or what the system's list of users says.
  public static String of(Map<String, String> environment) {
    String home = environment.getOrDefault("HOME", "");
    return home.isEmpty() ? System.getProperty("user.home") : home;
  }

  /// A path that a shell did not see: `~` and `~/x` start at the home folder, any other path (`~user` too) stays as it is.
  public static String resolve(String path) {
    return resolve(path, of(System.getenv()));
  }

  static String resolve(String path, String home) {
    return path.equals("~") || path.startsWith("~/") ? Path.of(home, path.substring(1)).toString() : path;
  }
}
