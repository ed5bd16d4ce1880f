package norma.train.files;

import java.util.Locale;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;

/// Text that comes from outside, as a terminal may get it: what it would obey, or what nobody would see, is escaped.
public final class Printable {
  private Printable() {}

  /// For a message of one line: names and quotes show every character that they have, joiners and marks of direction too.
  public static String line(String text) {
    return escaped(text, c -> !is(c));
  }

  /// For a message of one line that quotes names: a line break in one becomes a space.
  public static String unbroken(String text) {
    return text.replaceAll("\\R", " ");
  }

  /// For a longer text: lines, tabs and whatever shapes its words (a joiner in Persian or in an emoji) stay.
  public static String text(String text) {
    return escaped(text.replace("\r\n", "\n"), c -> Character.isISOControl(c) && c != '\n' && c != '\t');
  }

  /// Whether a character has a shape and no other effect.
  public static boolean is(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL, Character.FORMAT, Character.SURROGATE, Character.PRIVATE_USE, Character.UNASSIGNED,
          Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR ->
        false;
      default -> true;
    };
  }

  private static String escaped(String text, IntPredicate escape) {
    return text.codePoints()
        .mapToObj(c -> escape.test(c) ? String.format(Locale.ROOT, "\\u%04X", c) : Character.toString(c))
        .collect(Collectors.joining());
  }
}
