package norma.train.export;

import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import norma.train.files.Resource;

/// A source file with parts that only some need. A line that ends with `#? name`, and the lines between `#? name:` and `#? end`, are there
/// only if `name` was put; `{{name}}` takes what was put, several lines where it stands alone.
final class SourceText {
  private static final Pattern PART = Pattern.compile("#\\? (\\S+):");
  private static final Pattern LINE = Pattern.compile("(.*?) +#\\? (\\S+)");
  private static final Pattern HOLE = Pattern.compile("\\{\\{(\\S+?)}}");

  private final String text;
  private final Map<String, String> values = new HashMap<>();

  /// @param file that lies beside this class
  SourceText(String file) {
    text = Resource.text(SourceText.class, file);
  }

  /// Fills a hole, and keeps the parts of this name.
  SourceText put(String name, Object value) {
    values.put(name, value.toString());
    return this;
  }

  /// Keeps the parts of this name, or leaves them out.
  SourceText keep(String name, boolean kept) {
    if (kept) {
      values.put(name, "");
    }
    return this;
  }

  /// The file with everything that was put.
  String fill() {
    StringBuilder out = new StringBuilder();
    boolean kept = true;
    for (String line : text.lines().toList()) {
      Matcher part = PART.matcher(line);
      Matcher marked = LINE.matcher(line);
      if (part.matches()) {
        kept = values.containsKey(part.group(1));
      } else if (line.equals("#? end")) {
        kept = true;
      } else if (kept && !marked.matches()) {
        out.append(filled(line)).append('\n');
      } else if (kept && values.containsKey(marked.group(2))) {
        out.append(filled(marked.group(1))).append('\n');
      }
    }
    return out.toString();
  }

  private String filled(String line) {
    String indent = line.substring(0, line.length() - line.stripLeading().length());
    return HOLE.matcher(line).replaceAll(hole -> {
      String value = Objects.requireNonNull(values.get(hole.group(1)), hole.group(1));
      return Matcher.quoteReplacement(value.stripTrailing().replace("\n", "\n" + indent));
    });
  }
}
