package norma.train.report;

/// The part of a drawing in which curves stand, with its two axes.
///
/// @param x    from left to right
/// @param y    from bottom to top
/// @param font size of text in pixels
public record Frame(Axis x, Axis y, int font) {

  /// Its edges and the ends of its axes, for the script and the tests: left, top, right, bottom, then the positions of x and y.
  public String data() {
    return Svg.join(x.from(), y.to(), x.to(), y.from()) + " " + x.min() + " " + x.max() + " " + y.min() + " " + y.max();
  }

  /// Draws grid, ticks and their labels; of labels on the x axis that would run into each other, the first ones.
  public void draw(Svg svg) {
    svg.open("g", "class", "axes");
    for (Axis.Mark mark : y.marks()) {
      double at = y.place(mark.position());
      svg.grid(x.from(), at, x.to(), at);
      svg.soft(x.from() - 6, at + font * 0.35, "end", mark.label());
    }
    double free = Double.NEGATIVE_INFINITY; // right end of the last label
    for (Axis.Mark mark : x.marks()) {
      double at = x.place(mark.position());
      svg.rule(at, y.from(), at, y.from() + 4);
      double half = mark.label().length() * font * Svg.CHARACTER / 2;
      if (at - half > free) {
        svg.soft(at, y.from() + font * 1.4, "middle", mark.label());
        free = at + half;
      }
    }
    svg.close();
    svg.rule(x.from(), y.from(), x.to(), y.from());
  }

  /// Writes the titles of the axes, which may be empty.
  ///
  /// @param height of the drawing
  public void titles(Svg svg, int height, String xTitle, String yTitle) {
    if (!xTitle.isEmpty()) {
      svg.ink((x.from() + x.to()) / 2, height - font * 0.6, "middle", xTitle);
    }
    if (!yTitle.isEmpty()) {
      double middle = (y.from() + y.to()) / 2;
      svg.ink(font * 1.2, middle, "middle", yTitle, "transform", "rotate(-90 " + Svg.join(font * 1.2, middle) + ")");
    }
  }
}
