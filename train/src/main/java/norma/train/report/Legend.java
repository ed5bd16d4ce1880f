package norma.train.report;

import java.util.ArrayList;
import java.util.List;

/// The names of a drawing's curves or dots beside samples of them, in rows.
public final class Legend {
  private static final double LINE = 1.5; // in font sizes
  private static final int SAMPLE = 24;

  /// Draws a sample of what a name stands for.
  @FunctionalInterface
  public interface Sample {
    /// @param x left end, 18 pixels before the right one
    /// @param y middle
    void draw(Svg svg, double x, double y);
  }

  private record Entry(String name, int colour, int curve, Sample sample, double x, int row) {}

  private final List<Entry> entries = new ArrayList<>();
  private final double width;
  private final int font;
  private final List<Entry> notes = new ArrayList<>();
  private double x;
  private int row;

  /// @param width of a row in pixels
  /// @param font  size of text in pixels
  public Legend(double width, int font) {
    this.width = width;
    this.font = font;
  }

  /// Adds a name.
  ///
  /// @param colour place in the palette of [Svg]
  /// @param curve  number of the curve, for the script that hides it
  public void add(String name, int colour, int curve, Sample sample) {
    double at = place(SAMPLE, name);
    entries.add(new Entry(name, colour, curve, sample, at, row));
  }

  /// Ends with a remark, which may be empty. One that is wider than a row is divided at its comma.
  Legend note(String text) {
    boolean fits = text.length() * font * Svg.CHARACTER <= width;
    for (String part : text.isEmpty() ? new String[0] : fits ? new String[]{ text } : text.split("(?<=,) ")) {
      double at = place(0, part);
      notes.add(new Entry(part, 0, 0, (svg, from, y) -> {}, at, row));
    }
    return this;
  }

  private double place(double before, String text) {
    double needed = before + text.length() * font * Svg.CHARACTER + font;
    if (x > 0 && x + needed - font > width) {
      x = 0;
      row++;
    }
    double at = x;
    x += needed;
    return at;
  }

  /// Height of all rows in pixels.
  public double height() {
    return entries.isEmpty() && notes.isEmpty() ? 0 : (row + 1) * font * LINE;
  }

  /// Draws it.
  ///
  /// @param left of the rows
  /// @param top  base line of the first row
  public void draw(Svg svg, double left, double top) {
    for (Entry e : entries) {
      double y = top + e.row * font * LINE;
      svg.colour("legend ", e.colour, "data-curve", e.curve);
      e.sample.draw(svg, left + e.x, y - font * 0.35);
      svg.ink(left + e.x + SAMPLE, y, "start", e.name).close();
    }
    for (Entry note : notes) {
      svg.soft(left + note.x, top + note.row * font * LINE, "start", note.name, "font-style", "italic");
    }
  }
}
