package norma.train.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import norma.train.report.Series.Point;
import org.junit.jupiter.api.Test;

class SeriesTest {

  private static List<Point> points(double... ys) {
    return IntStream.range(0, ys.length).mapToObj(i -> new Point(i + 1, ys[i])).toList();
  }

  @Test
  void smoothingIsTheMeanOfTheNeighboursAndShrinksAtTheEnds() {
    assertThat(Series.smooth(points(5, 1, 3, 8, 3, 2), 2))
        .containsExactly(new Point(1, 5), new Point(2, 3), new Point(3, 4), new Point(4, 3.4), new Point(5, 13 / 3.0),
            new Point(6, 2));
  }

  @Test
  void theMeanOfFewPointsIsThesePoints() {
    List<Point> few = points(10.8, 4.2, 3.6, 3.4, 3.3, 3.2, 3.15, 3.1, 3.05, 3);
    assertThat(Series.mean(few)).isEqualTo(few);
  }

  /// A run of a day has 250,000 logged steps, a chart 600 points of them.
  @Test
  void smoothingManyPointsGivesAsManyAsAChartShows() {
    List<Point> line = IntStream.range(0, 10_007).mapToObj(i -> new Point(i, i)).toList();
    List<Point> smooth = Series.smooth(line, 250);
    assertThat(smooth).hasSizeBetween(600, 700).startsWith(line.getFirst()).endsWith(line.getLast());
    assertThat(line).containsAll(smooth);
  }

  @Test
  void smoothingKeepsAStraightLineAndSurvivesAHugeFirstValue() {
    List<Point> line = points(10, 9, 8, 7, 6, 5, 4);
    assertThat(Series.smooth(line, 3)).isEqualTo(line);
    assertThat(Series.smooth(points(1e30, 1, 2, 3, 2), 1).get(3).y()).isCloseTo(7 / 3.0, within(1e-12));
  }

  @Test
  void thinningKeepsBothEndsAndTheExtremes() {
    List<Point> points = new ArrayList<>(IntStream.rangeClosed(1, 10_000).mapToObj(i -> new Point(i, i % 7)).toList());
    points.set(4321, new Point(4322, 99));
    points.set(8765, new Point(8766, -99));
    List<Point> thin = Series.thin(points, 300);
    assertThat(thin).hasSizeBetween(300, 602).contains(points.get(4321), points.get(8765));
    assertThat(thin.getFirst()).isEqualTo(points.getFirst());
    assertThat(thin.getLast()).isEqualTo(points.getLast());
    assertThat(thin).extracting(Point::x).isSorted().doesNotHaveDuplicates();
    assertThat(Series.thin(points.subList(0, 600), 300)).isEqualTo(points.subList(0, 600));
  }

  @Test
  void onlyValuesThatWouldFlattenTheRestAreLeftOutOfTheAxis() {
    double[] loss = IntStream.range(0, 200).mapToDouble(i -> 1.6 + 2.5 * Math.exp(-i / 30.0)).toArray();
    assertThat(Series.readableTop(points(loss))).as("an ordinary curve").isEqualTo(4.1);
    loss[0] = 60;
    assertThat(Series.readableTop(points(loss))).as("with a spike").isBetween(3.0, 4.1);
    assertThat(Series.readableTop(points(60, 4, 3))).as("too few to judge").isEqualTo(60);
    assertThat(Series.readableTop(points(3, 3, 3, 3, 3, 3))).isEqualTo(3);
    assertThat(Series.readableTop(points(Double.NaN))).isEqualTo(Double.NEGATIVE_INFINITY);
  }
}
