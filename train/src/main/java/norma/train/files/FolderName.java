package norma.train.files;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Names of folders and files that are made of somebody's text: a path, a setting, the name of a file. They have letters and digits of ASCII,
/// `.`, `_` and `-`, a letter or digit first, so that no file system changes them, takes two for one, or finds them too long.
public final class FolderName {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*");
  private static final int DIGITS = 8;

  private FolderName() {}

  /// The text itself where it is such a name, else a readable part of it and a hash of all of it.
  ///
  /// @param longest characters of a name, 16 or more
  public static String of(String text, int longest) {
    return is(text, longest) ? text : hashed("", text, text, longest);
  }

  /// Whether a text is such a name.
  public static boolean is(String text, int longest) {
    return text.length() <= longest && NAME.matcher(text).matches();
  }

  /// A readable part and a hash, by which two texts have different names though they look alike in ASCII.
  ///
  /// @param head    whose beginning is shown, may be empty
  /// @param tail    whose end is shown, where a path says most
  /// @param all     what the hash is of
  /// @param longest characters of the name, 16 or more
  public static String hashed(String head, String tail, String all, int longest) {
    int room = longest - DIGITS - 1;
    String first = readable(head);
    String start = first.substring(0, Math.min(first.length(), room / 2));
    String last = readable(tail);
    String end = readable(last.substring(Math.max(0, last.length() - (room - start.length() - 1))));
    String hash = Sha256.of(all.getBytes(UTF_8)).substring(0, DIGITS);
    return Stream.of(start, end, hash).filter(part -> !part.isEmpty()).collect(Collectors.joining("-"));
  }

  /// Without what no name has, and without a sign at either end.
  private static String readable(String text) {
    return text.replaceAll("[^A-Za-z0-9.-]+", "_").replaceAll("^[._-]+|[._-]+$", "");
  }
}
