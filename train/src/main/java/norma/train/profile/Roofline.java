package norma.train.profile;

import static norma.train.report.Decimals.digits;

import java.util.ArrayList;
import java.util.List;
import norma.train.report.Axis;
import norma.train.report.Frame;
import norma.train.report.Legend;
import norma.train.report.Svg;

/// The parts' rates below the machine's peaks (Williams, Waterman and Patterson, 2009): a dot for each part that
/// computes, forward and backward together, over its operations for each byte.
record Roofline(Peaks peaks, List<Row> parts) {
  private static final int FONT = 13;
  private static final double RADIUS = 4.5;
  private static final double DIGIT = 8;
  private static final int ROOFS = 6; // colour
  /// Where a number may stand around its dot, nearest first.
  private static final double[] DISTANCES = { 12, 20, 30, 42, 56 };
  private static final int DIRECTIONS = 12;

  Roofline {
    parts = List.copyOf(parts);
  }

  static Roofline of(Profile profile) {
    return new Roofline(profile.peaks(), Row.overBlocks(profile.rows()).stream()
        .filter(row -> row.work().flops() > 0 && row.work().bytes() > 0 && row.millis() > 0).toList());
  }

  /// Draws it for pages of any width; empty where nothing computes.
  String figure() {
    return parts.isEmpty()
        ? ""
        : "<figure>" + svg(720, 520, "chart wide") + svg(360, 500, "chart narrow") + "</figure>\n";
  }

  private String svg(int width, int height, String place) {
    Legend legend = new Legend(width - 8 - FONT * 7, FONT);
    for (int i = 0; i < parts.size(); i++) {
      legend.add(i + 1 + " " + parts.get(i).name(), parts.get(i).group().colour, i,
          (svg, x, y) -> svg.leaf("circle", "cx", x + 9, "cy", y, "r", RADIUS, "fill", "currentColor"));
    }
    for (Roof roof : roofs()) {
      legend.add(roof.name, ROOFS, parts.size(), (svg, x, y) -> roof.line(svg, x, y, x + 18, y));
    }
    Frame frame = frame(width, height, legend.height());
    Svg svg = new Svg(width, height, FONT, "roofline of the parts", "class", place, "data-frame", frame.data());
    legend.draw(svg, frame.x().from(), FONT * 1.3);
    frame.draw(svg);
    frame.titles(svg, height, "FLOP for each byte", "GFLOP/s");
    List<Box> taken = new ArrayList<>();
    for (Row part : parts) {
      taken.add(Box.around(frame.x().at(part.intensity()), frame.y().at(part.gigaflops()), RADIUS, RADIUS));
    }
    svg.colour(ROOFS);
    roofs().forEach(roof -> roof.draw(svg, frame, peaks));
    svg.close();
    dots(svg, frame, taken);
    return svg.end();
  }

  private Frame frame(int width, int height, double above) {
    var intensity = parts.stream().mapToDouble(Row::intensity).summaryStatistics();
    var rate = parts.stream().mapToDouble(Row::gigaflops).summaryStatistics();
    double ridge = peaks.gigaflops() / peaks.memory();
    Axis x = Axis.logarithmic(intensity.getMin() * 0.8, Math.max(intensity.getMax(), ridge) * 1.5, 8);
    Axis y = Axis.logarithmic(rate.getMin() * 0.8, Math.max(rate.getMax(), peaks.gigaflops()) * 1.15, 8);
    return new Frame(x.between(8 + FONT * 5.5, width - FONT * 1.5), y.between(height - FONT * 3.3, above + FONT), FONT);
  }

  /// A line that no part can be above: of the products where it is level, of a copy where it rises.
  ///
  /// @param dash by which the legend knows it
  private record Roof(String name, double gigabytes, String dash) {
    void line(Svg svg, double x1, double y1, double x2, double y2) {
      svg.leaf("line", "class", "roof", "x1", x1, "x2", x2, "y1", y1, "y2", y2, "stroke", "currentColor",
          "stroke-dasharray", dash);
    }

    /// From the edge of the plot to the roof of the products, or along that.
    void draw(Svg svg, Frame frame, Peaks peaks) {
      double most = peaks.gigaflops();
      if (Double.isNaN(gigabytes)) {
        double ridge = Math.max(frame.x().from(), frame.x().at(most / peaks.cache()));
        line(svg, ridge, frame.y().at(most), frame.x().to(), frame.y().at(most));
      } else {
        double from = Math.max(Math.pow(10, frame.x().min()), Math.pow(10, frame.y().min()) / gigabytes);
        line(svg, frame.x().at(from), frame.y().at(from * gigabytes), frame.x().at(most / gigabytes),
            frame.y().at(most));
      }
    }
  }

  private List<Roof> roofs() {
    return List.of(new Roof("products " + digits(peaks.gigaflops()) + " GFLOP/s", Double.NaN, "none"),
        new Roof("cache " + digits(peaks.cache()) + " GB/s", peaks.cache(), "7 4"),
        new Roof("memory " + digits(peaks.memory()) + " GB/s", peaks.memory(), "2 3"));
  }

  private record Box(double left, double top, double right, double bottom) {
    static Box around(double x, double y, double halfWidth, double halfHeight) {
      return new Box(x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight);
    }

    boolean overlaps(Box other) {
      return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
    }
  }

  private void dots(Svg svg, Frame frame, List<Box> taken) {
    for (int i = 0; i < parts.size(); i++) {
      Row part = parts.get(i);
      double x = frame.x().at(part.intensity());
      double y = frame.y().at(part.gigaflops());
      svg.colour(part.group().colour).title(part.name() + ": " + digits(part.gigaflops()) + " GFLOP/s, "
          + digits(part.intensity()) + " FLOP for each byte, " + digits(part.distance())
          + " times as long as the peaks allow");
      svg.leaf("circle", "class", "dot", "cx", x, "cy", y, "r", RADIUS, "fill", "currentColor");
      Box box = free(x, y, String.valueOf(i + 1).length() * DIGIT / 2, taken, frame);
      taken.add(box);
      double labelX = (box.left + box.right) / 2;
      double labelY = (box.top + box.bottom) / 2;
      double distance = Math.hypot(labelX - x, labelY - y);
      if (distance > DISTANCES[0] * 1.2) {
        double near = RADIUS / distance;
        double far = 1 - 7 / distance;
        svg.rule(x + near * (labelX - x), y + near * (labelY - y), x + far * (labelX - x), y + far * (labelY - y));
      }
      svg.close();
      svg.ink(labelX, labelY + FONT * 0.35, "middle", String.valueOf(i + 1));
    }
  }

  /// A place for a number near its dot where nothing stands yet, or the nearest one.
  private static Box free(double x, double y, double half, List<Box> taken, Frame frame) {
    for (double distance : DISTANCES) {
      for (int i = 0; i < DIRECTIONS; i++) {
        double angle = 2 * Math.PI * i / DIRECTIONS;
        Box box = Box.around(x + distance * Math.cos(angle), y - distance * Math.sin(angle), half, FONT * 0.45);
        boolean inside = box.left > frame.x().from() && box.right < frame.x().to() && box.top > frame.y().to()
            && box.bottom < frame.y().from();
        if (inside && taken.stream().noneMatch(box::overlaps)) {
          return box;
        }
      }
    }
    return Box.around(x + DISTANCES[0], y, half, FONT * 0.45);
  }
}
