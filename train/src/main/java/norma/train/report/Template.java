package norma.train.report;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import norma.train.files.Resource;

/// A page with holes: `{{name}}` takes text and escapes it, `{{{name}}}` takes markup as it is, and what stands between
/// `<!--if name-->` and `<!--end name-->` is there only if `name` was given. Text that is filled in is not looked at again.
public final class Template {
  private static final Pattern HOLE = Pattern.compile("\\{\\{\\{(\\w+)}}}|\\{\\{(\\w+)}}");
  private static final Pattern CONDITION = Pattern.compile("<!--if (\\w+)-->(.*?)<!--end \\1-->\\s*", Pattern.DOTALL);
  private static final String BODY = "<!--body-->\n";

  private final String page;
  private final Map<String, String> values = new LinkedHashMap<>();

  private Template(String page) {
    this.page = page;
  }

  /// A page in the frame of all pages: with their style, and, once `data` is put, with the script of their charts.
  ///
  /// @param body  what differs, a file that lies beside this class
  /// @param title of the window
  public static Template page(String body, String title) {
    return new Template(resource("frame.html").replace(BODY, resource(body))).put("title", title)
        .put("css", resource("report.css")).put("js", resource("report.js"));
  }

  /// Fills a hole; empty text is as good as none.
  public Template put(String name, String value) {
    if (!value.isEmpty()) {
      values.put(name, value);
    }
    return this;
  }

  /// The page with everything that was put.
  public String fill() {
    return HOLE.matcher(keep(page))
        .replaceAll(
            m -> Matcher.quoteReplacement(m.group(1) != null ? value(m.group(1)) : Svg.escape(value(m.group(2)))));
  }

  private String keep(String part) {
    return CONDITION.matcher(part)
        .replaceAll(m -> values.containsKey(m.group(1)) ? Matcher.quoteReplacement(keep(m.group(2))) : "");
  }

  private String value(String name) {
    return values.getOrDefault(name, "");
  }

  /// The most important numbers at the head of a page.
  ///
  /// @param figures HTML of each number, by what it is
  public static String figures(Map<String, String> figures) {
    return figures.entrySet().stream().map(figure -> "<div><dt>" + Svg.escape(figure.getKey()) + "</dt><dd>"
        + figure.getValue() + "</dd></div>\n").collect(Collectors.joining());
  }

  /// A part of a page that opens with a click.
  ///
  /// @param summary HTML that is always there
  /// @param content HTML
  public static String details(boolean open, String summary, String content) {
    return (open ? "<details open>" : "<details>") + "<summary>" + summary + "</summary>\n" + content + "</details>\n";
  }

  /// A file that lies beside this class.
  public static String resource(String name) {
    return Resource.text(Template.class, name);
  }
}
