package norma.train.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import norma.train.report.Axis.Mark;
import norma.train.report.Chart.Scale;
import norma.train.report.Series.Kind;
import norma.train.report.Series.Point;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AxisTest {
  private static List<String> labels(Axis axis) {
    return axis.marks().stream().map(Mark::label).toList();
  }

  @Test
  void aLogarithmicAxisEndsWithOneTwoOrFiveTimesAPowerOfTen() {
    assertThat(labels(Axis.logarithmic(33, 180, 8))).containsExactly("20", "50", "100", "200");
    assertThat(labels(Axis.logarithmic(33, 180, 2))).containsExactly("100");
    assertThat(labels(Axis.logarithmic(0.5, 2, 8))).containsExactly("0.5", "1", "2");
    Axis wide = Axis.logarithmic(0.3, 4000, 8);
    assertThat(labels(wide)).as("few labels, tight ends").containsExactly("1", "10", "100", "1,000");
    assertThat(wide.min()).isCloseTo(Math.log10(0.2), within(1e-12));
    assertThat(wide.max()).isCloseTo(Math.log10(5000), within(1e-12));
    assertThat(labels(Axis.logarithmic(2e-7, 1.5e-6, 8))).containsExactly("2e-7", "5e-7", "1e-6", "2e-6");
  }

  /// However near to each other they are, and however far from 0.
  @Test
  void ticksHaveLabelsOfTheirOwn() {
    assertThat(Axis.around(0.8, 0.8001, 5).marks()).extracting(Axis.Mark::label).contains("0.80000", "0.80002")
        .doesNotHaveDuplicates();
    assertThat(Axis.around(0, 5e-5, 5).marks()).extracting(Axis.Mark::label).contains("0", "1e-5");
    assertThat(Axis.around(5e-4, 5.001e-4, 5).marks()).extracting(Axis.Mark::label).doesNotHaveDuplicates();
    assertThat(Axis.around(1e7, 1.001e7, 5).marks()).extracting(Axis.Mark::label).doesNotHaveDuplicates();
    assertThat(Axis.around(-3.05, -3, 5).highest()).isGreaterThanOrEqualTo(-3);
  }

  @Test
  void oneValueStandsInsideItsLogarithmicAxis() {
    for (double value : new double[]{ 1, 3, 0.05, 1e9 }) {
      Axis axis = Axis.logarithmic(value, value, 8);
      assertThat(Math.log10(value)).isBetween(axis.min(), axis.max());
      assertThat(axis.max()).isGreaterThan(axis.min());
    }
  }

  @Test
  void equalFactorsAreEqualDistances() {
    Axis axis = Axis.at(List.of(512.0, 64.0, 128.0, 64.0), Decimals::plain).between(0, 100);
    assertThat(labels(axis)).containsExactly("64", "128", "512");
    assertThat(axis.at(512) - axis.at(128)).isCloseTo(2 * (axis.at(128) - axis.at(64)), within(1e-9));
    assertThat(axis.at(64)).isGreaterThan(0);
    assertThat(axis.at(512)).isLessThan(100);
  }

  @Test
  void aPowerIsAStraightLineInAChartWithTwoLogarithmicAxes() {
    String svg = new Chart("", "", "", Scale.LOG, Scale.LOG, List.of(new Series("a", 0, Kind.LINE,
        List.of(new Point(1, 10), new Point(2, 40), new Point(4, 160))))).svg(Chart.Size.PAGE);
    double[] p = Pattern.compile("<path d=\"M(\\S+) (\\S+)L(\\S+) (\\S+)L(\\S+) (\\S+)\"").matcher(svg).results()
        .limit(1)
        .flatMap(m -> Stream.of(1, 2, 3, 4, 5, 6).map(m::group)).mapToDouble(Double::parseDouble).toArray();
    assertThat(p[2] - p[0]).isCloseTo(p[4] - p[2], within(0.02)).isPositive();
    assertThat(p[3] - p[1]).isCloseTo(p[5] - p[3], within(0.02)).isNegative();
  }

  @Test
  void labelsThatWouldRunIntoEachOtherAreLeftOut() {
    Svg svg = new Svg(100, 50, 12, "");
    new Frame(Axis.at(List.of(1000.0, 1001.0, 9000.0), Decimals::plain).between(0, 100),
        Axis.around(0, 1, 1).between(40, 0), 12).draw(svg);
    assertThat(svg.end()).contains(">1000<", ">9000<").doesNotContain(">1001<");
  }

  @ParameterizedTest
  @CsvSource({ "0.9, 1", "1, 1", "1.1, 2", "2.3, 5", "5.1, 10", "0.0011, 0.002", "30000, 50000" })
  void stepsAreOneTwoOrFiveTimesAPowerOfTen(double atLeast, double expected) {
    assertThat(Axis.niceStep(atLeast)).isCloseTo(expected, withinPercentage(1e-9));
  }

  @Test
  void stepsOfARunAreWholeNumbersWithThousandsSetApart() {
    assertThat(labels(Axis.over(0, 2000, 5, true))).containsExactly("0", "500", "1,000", "1,500", "2,000");
    assertThat(labels(Axis.over(0, 1, 5, true))).containsExactly("0", "1");
    assertThat(labels(Axis.over(0, 2, 8, true))).containsExactly("0", "1", "2");
  }

  @Test
  void anAxisAroundValuesBeginsAndEndsWithATick() {
    assertThat(labels(Axis.around(1.53, 4.17, 6))).containsExactly("1.5", "2.0", "2.5", "3.0", "3.5", "4.0", "4.5");
    assertThat(labels(Axis.around(0, 0.001, 4))).containsExactly("0", "0.0005", "0.0010");
    assertThat(labels(Axis.around(0, 3e-6, 3))).containsExactly("0", "1e-6", "2e-6", "3e-6");
    assertThat(labels(Axis.around(0, 6.2e4, 3))).containsExactly("0", "50,000", "100,000");
  }

  @ParameterizedTest
  @CsvSource({ "0", "4.17", "-3", "1e30" })
  void oneValueStandsInsideItsAxis(double value) {
    Axis axis = Axis.around(value, value, 5);
    assertThat(axis.min()).isLessThan(value);
    assertThat(axis.max()).isGreaterThan(value);
    assertThat(axis.marks().size()).isBetween(3, 8);
  }
}
