package norma.train.files;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Locale;

/// Words of a command line.
public final class ShellText {
  private ShellText() {}

  /// A word as a POSIX shell must get it: in quotes if anything in it means something to the shell, and in printable characters alone.
  public static String of(String word) {
    if (word.matches("[\\w./+:@=-]+")) {
      return word;
    }
    return word.codePoints().allMatch(Printable::is) ? "'" + word.replace("'", "'\\''") + "'" : escaped(word);
  }

  /// What stands before a command that needs classes of a user's: `NORMA_CLASSPATH=my.jar `; nothing if it needs none.
  ///
  /// @param places jars and folders, may be empty
  public static String withClassPath(String places) {
    return places.isEmpty() ? "" : "NORMA_CLASSPATH=" + of(places) + " ";
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
