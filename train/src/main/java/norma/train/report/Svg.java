package norma.train.report;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayDeque;
import java.util.Deque;

/// Writes one SVG drawing, element by element. Equal calls give equal text.
public final class Svg {
  private final StringBuilder out = new StringBuilder();
  private final Deque<String> open = new ArrayDeque<>();

  /// Starts a drawing.
  ///
  /// @param width      in pixels, also the width of the coordinate system
  /// @param height     in pixels
  /// @param label      what the drawing shows, for those who cannot see it
  /// @param attributes more attributes of the root: name, value, name, value
  public Svg(int width, int height, String label, Object... attributes) {
    out.append("<svg xmlns=\"http://www.w3.org/2000/svg\"");
    attributes("width", width, "height", height, "viewBox", "0 0 " + width + " " + height, "role", "img", "aria-label",
        label);
    attributes(attributes);
    out.append(">\n");
    open.push("svg");
  }

  /// Opens an element that has children.
  public Svg open(String element, Object... attributes) {
    start(element, attributes);
    out.append(">\n");
    open.push(element);
    return this;
  }

  /// Closes the element opened last.
  public Svg close() {
    out.append("</").append(open.pop()).append(">\n");
    return this;
  }

  /// An element without content.
  public Svg leaf(String element, Object... attributes) {
    start(element, attributes);
    out.append("/>\n");
    return this;
  }

  /// A line of text.
  ///
  /// @param anchor `start`, `middle` or `end`: which part of the text stands at (x, y)
  public Svg text(double x, double y, String anchor, String text, Object... attributes) {
    start("text", "x", x, "y", y, "text-anchor", anchor);
    attributes(attributes);
    out.append('>').append(escape(text)).append("</text>\n");
    return this;
  }

  /// The finished drawing.
  public String end() {
    while (!open.isEmpty()) {
      close();
    }
    return out.toString();
  }

  private void start(String element, Object... attributes) {
    out.append('<').append(element);
    attributes(attributes);
  }

  private void attributes(Object... pairs) {
    assert pairs.length % 2 == 0 : "an attribute without a value";
    for (int i = 0; i < pairs.length; i += 2) {
      String value = pairs[i + 1] instanceof Double number ? number(number) : pairs[i + 1].toString();
      out.append(' ').append(pairs[i]).append("=\"").append(escape(value)).append('"');
    }
  }

  /// A coordinate: at most two decimals, a hundredth of a pixel.
  static String number(double value) {
    BigDecimal rounded = BigDecimal.valueOf(value).setScale(2, RoundingMode.HALF_UP).stripTrailingZeros();
    return rounded.signum() == 0 ? "0" : rounded.toPlainString();
  }

  /// Text for XML and HTML, in content and in quoted attributes. What XML cannot carry becomes U+FFFD.
  public static String escape(String text) {
    StringBuilder safe = new StringBuilder(text.length() + 16);
    text.codePoints().forEach(c -> {
      switch (c) {
        case '&' -> safe.append("&amp;");
        case '<' -> safe.append("&lt;");
        case '>' -> safe.append("&gt;");
        case '"' -> safe.append("&quot;");
        case '\'' -> safe.append("&#39;");
        default -> safe.appendCodePoint(allowed(c) ? c : 0xFFFD);
      }
    });
    return safe.toString();
  }

  private static boolean allowed(int c) {
    boolean control = c < 0x20 && c != '\t' && c != '\n' && c != '\r';
    boolean surrogate = c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE;
    return !control && !surrogate && c != 0xFFFE && c != 0xFFFF;
  }
}
