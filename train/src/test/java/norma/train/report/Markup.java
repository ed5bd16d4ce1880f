package norma.train.report;

import java.util.Arrays;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/// What a page or a drawing has.
public final class Markup {
  private Markup() {}

  /// All that matches.
  public static List<String> all(String text, String pattern) {
    return Pattern.compile(pattern, Pattern.DOTALL).matcher(text).results().map(MatchResult::group).toList();
  }

  /// A page's sections.
  public static List<String> sections(String html) {
    return all(html, "(?<=<section id=\")\\w+");
  }

  /// Where a drawing's axes lie (left, top, right, bottom), and what else it says of them.
  public static double[] frame(String svg) {
    return Arrays.stream(all(svg, "(?<=data-frame=\")[^\"]+").getFirst().split(" ", -1))
        .mapToDouble(Double::parseDouble).toArray();
  }
}
