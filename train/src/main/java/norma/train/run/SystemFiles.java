package norma.train.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Small files in which Linux tells about itself.
public final class SystemFiles {
  /// Of this process, see proc(5).
  public static final String STATUS = "/proc/self/status";
  /// Of the machine, see proc(5).
  public static final String MEMORY = "/proc/meminfo";

  private SystemFiles() {}

  /// The content; nothing where there is no such file, as on another system, or in a container that hides it.
  public static String read(String file) {
    try {
      return Files.readString(Path.of(file));
    } catch (IOException e) {
      return "";
    }
  }

  /// The number in a line `NAME:  123 kB`, in bytes; nothing where there is no such line.
  ///
  /// @param text content of [#STATUS] or [#MEMORY]
  public static OptionalLong bytes(String text, String name) {
    Matcher found = Pattern.compile("(?m)^" + name + ":\\s+(\\d+) kB").matcher(text);
    return found.find() ? OptionalLong.of(1024 * Long.parseLong(found.group(1))) : OptionalLong.empty();
  }
}
