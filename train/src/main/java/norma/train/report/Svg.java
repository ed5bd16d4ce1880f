package norma.train.report;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.stream.Stream;

/// Writes one SVG drawing, element by element. Equal calls give equal text. Colours are attributes, so that a drawing can stand alone
/// and a style sheet can replace them (classes `page`, `ink`, `soft`, `grid`, `s0` to `s7`).
public final class Svg {
  /// Okabe and Ito's palette, told apart with any kind of colour vision (jfly.uni-koeln.de/color): blue, vermilion,
  /// bluish green, orange, reddish purple, sky blue, black; grey in place of its yellow, which is too light for lines.
  private static final List<String> PALETTE = List.of("#0072b2", "#d55e00", "#009e73", "#e69f00", "#cc79a7", "#56b4e9",
      "#222222", "#8a8a8a");
  /// Number of colours that one drawing can tell apart.
  public static final int COLOURS = PALETTE.size();
  /// Colour of the forward pass.
  public static final int FORWARD = 0;
  /// Colour of the backward pass.
  public static final int BACKWARD = 3;
  /// Mean width of a character of a sans-serif face, in font sizes.
  public static final double CHARACTER = 0.6;
  private static final String INK = "#222222";
  private static final String SOFT = "#555555";
  private static final String GRID = "#e3e3e3";

  private final StringBuilder out = new StringBuilder();
  private final Deque<String> open = new ArrayDeque<>();

  /// Starts a drawing on a white page.
  ///
  /// @param width      in pixels, also the width of the coordinate system
  /// @param height     in pixels
  /// @param font       size of text in pixels
  /// @param label      what the drawing shows, for those who cannot see it
  /// @param attributes more attributes of the root: name, value, name, value
  public Svg(int width, int height, int font, String label, Object... attributes) {
    out.append("<svg xmlns=\"http://www.w3.org/2000/svg\"");
    attributes("width", width, "height", height, "viewBox", "0 0 " + width + " " + height, "role", "img", "aria-label",
        label, "font-family", "system-ui, -apple-system, 'Segoe UI', sans-serif", "font-size", font);
    attributes(attributes);
    out.append(">\n");
    open.push("svg");
    leaf("rect", "class", "page", "width", width, "height", height, "fill", "#ffffff");
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

  /// The text that a reader sees who points at the element opened last.
  public Svg title(String text) {
    out.append("<title>").append(escape(text)).append("</title>\n");
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

  /// A line of text in the colour of headings and names.
  public Svg ink(double x, double y, String anchor, String text, Object... attributes) {
    return text(x, y, anchor, text, with(attributes, "class", "ink", "fill", INK));
  }

  /// A line of text in the colour of ticks and notes.
  public Svg soft(double x, double y, String anchor, String text, Object... attributes) {
    return text(x, y, anchor, text, with(attributes, "class", "soft", "fill", SOFT));
  }

  /// A line that is read: an axis, a tick.
  public Svg rule(double x1, double y1, double x2, double y2) {
    return leaf("line", "class", "soft", "x1", x1, "x2", x2, "y1", y1, "y2", y2, "stroke", SOFT);
  }

  /// A line that only leads the eye.
  public Svg grid(double x1, double y1, double x2, double y2) {
    return leaf("line", "class", "grid", "x1", x1, "x2", x2, "y1", y1, "y2", y2, "stroke", GRID);
  }

  /// Opens a group whose `currentColor` is one of the [#COLOURS].
  public Svg colour(int colour, Object... attributes) {
    return colour("", colour, attributes);
  }

  /// A coloured group with another class.
  Svg colour(String also, int colour, Object... attributes) {
    return open("g", with(attributes, "class", also + "s" + colour, "color", PALETTE.get(colour)));
  }

  /// A square of one of the [#COLOURS] with what it stands for, in HTML.
  public static String key(int colour, String meaning) {
    return "<span><i class=\"key s" + colour + "\"></i> " + escape(meaning) + "</span>\n";
  }

  private static Object[] with(Object[] attributes, Object... first) {
    return Stream.concat(Arrays.stream(first), Arrays.stream(attributes)).toArray();
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
  public static String number(double value) {
    BigDecimal rounded = BigDecimal.valueOf(value).setScale(2, RoundingMode.HALF_UP).stripTrailingZeros();
    return rounded.signum() == 0 ? "0" : rounded.toPlainString();
  }

  /// Coordinates, as a path has them.
  public static String join(double first, double... more) {
    StringBuilder joined = new StringBuilder(number(first));
    for (double value : more) {
      joined.append(' ').append(number(value));
    }
    return joined.toString();
  }

  /// Cuts a text that does not fit.
  static String fit(String text, double characters) {
    int most = (int) characters;
    return text.length() <= most ? text : text.substring(0, Math.max(1, most - 1)) + "\u2026";
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
