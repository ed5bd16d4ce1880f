package norma.train.files;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/// Words of a command line.
public final class ShellText {
  /// What `environment.json` calls the jars and folders of a user's classes.
  public static final String CLASS_PATH = "norm_classpath";

  /// The variable that says where they are.
  public static final String CLASSES = "NORMA_CLASSPATH";

  private ShellText() {}

  /// A word as a POSIX shell must get it: in quotes if anything in it means something to the shell, and in printable characters alone.
  public static String of(String word) {
    if (word.matches("[\\w./+:@=-]+")) {
      return word;
    }
    return word.codePoints().allMatch(Printable::is) ? "'" + word.replace("'", "'\\''") + "'" : escaped(word);
  }

  /// The words of a command, with a space before each.
  public static String of(List<String> words) {
    return words.stream().map(word -> " " + of(word)).collect(Collectors.joining());
  }

  /// The launcher as it was called.
  public static String norma() {
    return of(System.getProperty("norma.command", "norma"));
  }

  /// What stands before a command that needs classes of a user's: `NORMA_CLASSPATH=my.jar `; nothing if it needs none.
  ///
  /// @param environment of a run
  public static String withClassPath(Map<String, String> environment) {
    String places = environment.getOrDefault(CLASS_PATH, "");
    return places.isEmpty() ? "" : CLASSES + "=" + of(places) + " ";
  }

  /// Dollar-single-quotes (POSIX.1-2024, 2.2.4): the bytes of what cannot be shown are octal numbers.
  private static String escaped(String word) {
    StringBuilder quoted = new StringBuilder("$'");
    word.codePoints().forEach(c -> {
      if (c == '\'' || c == '\\') {
        quoted.append('\\').appendCodePoint(c);
      } else if (Printable.is(c)) {
        quoted.appendCodePoint(c);
      } else {
        for (byte b : Character.toString(c).getBytes(UTF_8)) {
          quoted.append(String.format(Locale.ROOT, "\\%03o", b & 0xFF));
        }
      }
    });
    return quoted.append('\'').toString();
  }
}
