package norma.train.report;

import static norma.train.report.Markup.frame;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import norma.train.report.Chart.Scale;
import norma.train.report.Series.Kind;
import norma.train.report.Series.Point;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ChartTest {
  private static String svg(Scale scale, Point... points) {
    return new Chart("", "", "", scale, List.of(new Series("a", 0, Kind.LINE, List.of(points)))).svg(Chart.Size.PAGE);
  }

  private static double[] numbers(String svg, String pattern) {
    return Pattern.compile(pattern).matcher(svg).results().limit(1)
        .flatMap(m -> Arrays.stream(m.group(1).split("[^\\d.-]+"))).filter(text -> !text.isEmpty())
        .mapToDouble(Double::parseDouble).toArray();
  }

  @Test
  void aShadedRangeGoesAlongTheHighEndsAndBackAlongTheLow() {
    String svg = svg(Scale.FROM_ZERO, new Point(0, 2, 1, 4), new Point(10, 3, 2, 3.5));
    double[] f = frame(svg); // left, top, right, bottom, x from 0 to 10, y from 0 to 4
    assertThat(Arrays.copyOfRange(f, 4, 8)).containsExactly(0, 10, 0, 4);
    double height = f[3] - f[1];
    assertThat(numbers(svg, "<path d=\"M([^\"Z]+)Z\" fill=\"currentColor\"")).containsExactly(
        new double[]{ f[0], f[1], f[2], f[1] + height * 0.5 / 4, f[2], f[3] - height / 2, f[0], f[3] - height / 4 },
        within(0.02));
  }

  @Test
  void withoutARangeNothingIsShaded() {
    assertThat(svg(Scale.TIGHT, new Point(0, 2), new Point(10, 3))).doesNotContain("Z\"", "data-scale");
  }

  @Test
  void aLogarithmicAxisHasPowersOfTenAndNoPlaceForZero() {
    String svg = svg(Scale.LOG, new Point(0, 0.02), new Point(5, 0), new Point(10, 1), new Point(20, 30));
    double[] f = frame(svg);
    assertThat(Arrays.copyOfRange(f, 6, 8)).containsExactly(Math.log10(0.02), Math.log10(50));
    assertThat(svg).contains("data-scale=\"log\"", ">0.1<", ">1<", ">10<").doesNotContain(">0.02<");
    double[] line = numbers(svg, "<path d=\"M\\S+ \\S+h0M([^\"]+)\"");
    double decade = (f[3] - f[1]) / (Math.log10(50) - Math.log10(0.02));
    assertThat(line[1]).isCloseTo(f[3] - decade * -Math.log10(0.02), within(0.02));
    assertThat(line[3]).isCloseTo(f[3] - decade * Math.log10(30 / 0.02), within(0.02));
  }

  @Test
  void sharesHaveAnAxisFromZeroToAHundredPercent() {
    double[] f = frame(svg(Scale.PERCENT, new Point(0, 0.1), new Point(10, 3)));
    assertThat(Arrays.copyOfRange(f, 6, 8)).containsExactly(0, 100);
  }

  @Test
  void aNoteIsWrittenInRowsWhereTheChartIsNarrow() {
    List<Point> points = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      points.add(new Point(i, i == 20 ? 0.7123 : 0.01 + 1e-3 * (i % 3)));
    }
    String svg = new Chart("", "", "", Scale.FROM_ZERO, List.of(new Series("gradient", 0, Kind.LINE, points)))
        .svg(Chart.Size.SMALL);
    assertThat(svg).containsPattern(">not shown: 1 above [0-9.]+,</text>").contains(">up to 0.712</text>");
  }

  @Test
  void theScriptGetsTheRangesToo() {
    Figures figures = new Figures();
    figures.add(new Chart("", "", "", Scale.LOG, List.of(new Series("a", 3, Kind.LINE,
        List.of(new Point(1, 0.5, 0.25, 1), new Point(2, Double.NaN), new Point(3, 2, 2, 4))))), Chart.Size.SMALL);
    JsonNode series = new JsonMapper().readTree(figures.json()).get(0).get(0);
    assertThat(series.toString())
        .isEqualTo("{\"name\":\"a\",\"colour\":3,\"x\":[1,3],\"y\":[0.5,2],\"low\":[0.25,2],\"high\":[1,4]}");
  }
}
