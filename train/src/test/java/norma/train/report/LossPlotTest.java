package norma.train.report;

import static norma.train.report.Markup.frame;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import norma.train.metrics.Metrics;
import norma.train.metrics.Event;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import norma.train.report.Series.Kind;
import norma.train.report.Series.Point;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

class LossPlotTest {
  private static final Pattern POSITION = Pattern.compile("[ML](\\S+) ([^MLh]+)");

  private static Metrics run(int steps, IntToDoubleFunction loss, double... validation) {
    List<Event> events = new ArrayList<>();
    for (int i = 1; i <= steps; i++) {
      events.add(new Event.Step(i, i * 768L, loss.applyAsDouble(i), 1e-3, 1, 12, 60000, i));
    }
    for (int i = 0; i < validation.length; i++) {
      events.add(new Event.Eval((i + 1) * steps / validation.length, 2, validation[i], Double.NaN, 0));
    }
    return new Metrics(events, false);
  }

  private static double loss(int step) {
    return 1.6 + 2.5 * Math.exp(-step / 40.0);
  }

  private static Document xml(String svg) throws Exception {
    return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(svg)));
  }

  private static List<Element> elements(Document svg, String name) {
    NodeList nodes = svg.getElementsByTagName(name);
    List<Element> elements = new ArrayList<>();
    for (int i = 0; i < nodes.getLength(); i++) {
      elements.add((Element) nodes.item(i));
    }
    return elements;
  }

  /// Positions that curves and markers take, without the legend's.
  private static List<Point> positions(Document svg, double[] frame) {
    List<Point> positions = new ArrayList<>();
    for (Element path : elements(svg, "path")) {
      Matcher matcher = POSITION.matcher(path.getAttribute("d"));
      while (matcher.find()) {
        positions.add(new Point(Double.parseDouble(matcher.group(1)), Double.parseDouble(matcher.group(2))));
      }
    }
    for (Element circle : elements(svg, "circle")) {
      positions
          .add(new Point(Double.parseDouble(circle.getAttribute("cx")), Double.parseDouble(circle.getAttribute("cy"))));
    }
    return positions.stream().filter(p -> p.y() >= frame[1]).toList();
  }

  @Test
  void everyPointIsDrawnOnceInsideThePlotAndWhereItBelongs() throws Exception {
    String text = LossPlot.svg("run", run(200, LossPlotTest::loss, 3, 2.5, 2.2, 2));
    Document svg = xml(text);
    double[] f = frame(text);
    List<Point> positions = positions(svg, f);
    assertThat(positions).as("200 dots, 200 of the smoothed line, 4 of the validation line, 4 markers").hasSize(408);
    assertThat(positions).allSatisfy(p -> {
      assertThat(p.x()).isBetween(f[0], f[2]);
      assertThat(p.y()).isBetween(f[1], f[3]);
    });
    Element marker = elements(svg, "circle").getLast();
    assertThat(Double.parseDouble(marker.getAttribute("cx"))).as("step 200 is the end of the axis")
        .isEqualTo(f[2], within(0.01));
    assertThat(Double.parseDouble(marker.getAttribute("cy"))).as("a loss of 2 on the axis")
        .isEqualTo(f[3] - (2 - f[6]) / (f[7] - f[6]) * (f[3] - f[1]), within(0.01));
  }

  @Test
  void axesAreNamedWithTheirUnits() {
    assertThat(LossPlot.svg("run-1", run(10, LossPlotTest::loss, 2.2))).contains(">step<",
        ">loss (nats)<",
        ">run-1<", "exact validation loss, best 2.2000", ">training loss<");
  }

  @ParameterizedTest
  @ValueSource(ints = { 0, 1, 2, 39, 40, 10_000 })
  void anyNumberOfPointsMakesAPlot(int steps) throws Exception {
    String text = LossPlot.svg("run", run(steps, LossPlotTest::loss));
    Document svg = xml(text);
    List<Point> positions = positions(svg, frame(text));
    assertThat(positions.size()).isBetween(Math.min(steps, 600), 1204);
    assertThat(elements(svg, "text").stream().anyMatch(t -> t.getTextContent().equals("nothing recorded yet")))
        .isEqualTo(steps == 0);
  }

  @Test
  void aSpikeDoesNotFlattenTheCurveAndIsMentioned() throws Exception {
    String text = LossPlot.svg("run", run(200, i -> i <= 2 ? 61.25 : loss(i)));
    double[] f = frame(text);
    assertThat(f[7]).as("top of the axis").isBetween(3.5, 5.0);
    assertThat(text).contains("not shown: 2 above " + f[7] + ", up to 61.3");
    assertThat(positions(xml(text), f)).hasSize(396).allSatisfy(p -> assertThat(p.y()).isBetween(f[1], f[3]));
    assertThat(LossPlot.svg("run", run(200, LossPlotTest::loss))).doesNotContain("not shown");
  }

  @Test
  void aValueThatIsNotFiniteInterruptsALine() {
    Chart chart = new Chart("", "", "", Chart.Scale.TIGHT,
        List.of(new Series("a", 0, Kind.LINE, List.of(new Point(0, 1),
            new Point(1, 2), new Point(2, Double.NaN), new Point(3, 3)))));
    String svg = chart.svg(Chart.Size.PAGE);
    assertThat(svg).containsPattern("d=\"M\\S+ \\S+L\\S+ [\\d.]+M\\S+ \\S+h0\"");
  }

  @Test
  void whatHasNoNameIsNotReadOut() {
    List<Point> points = List.of(new Point(0, 1), new Point(1, 2));
    Chart chart = new Chart("", "", "", Chart.Scale.TIGHT, List.of(new Series("a", 0, Kind.LINE, points),
        new Series("", 0, Kind.POINTS, points), new Series("b", 1, Kind.LINE, points)));
    assertThat(chart.svg(Chart.Size.PAGE)).contains("aria-label=\"a, b\"");
  }

  @Test
  void aNameIsTextAndEqualRunsGiveEqualFiles() throws Exception {
    Metrics metrics = run(50, LossPlotTest::loss, 2);
    String svg = LossPlot.svg("<a> & \"b\"\u0001", metrics);
    assertThat(svg).isEqualTo(LossPlot.svg("<a> & \"b\"\u0001", metrics))
        .contains("&lt;a&gt; &amp; &quot;b&quot;\uFFFD");
    assertThat(xml(svg).getDocumentElement().getAttribute("aria-label")).isEqualTo("<a> & \"b\"\uFFFD");
  }
}
