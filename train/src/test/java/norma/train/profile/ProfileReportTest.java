package norma.train.profile;

import static norma.train.report.Markup.all;
import static norma.train.report.Markup.sections;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import norma.train.report.Chart;
import norma.train.report.Series;
import org.junit.jupiter.api.Test;

class ProfileReportTest {
  private static String page(ProfilePlan plan, List<Profile> profiles) {
    String html = ProfileReport.of(plan, profiles, Map.of("command", "norma profile <x> & y"));
    assertThat(html).doesNotContain("{{", "<!--", "NaN", "Infinity", "<script")
        .contains("content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\"");
    assertThat(html.replace("xmlns=\"http://www.w3.org/2000/svg\"", ""))
        .as("no other file, no network").doesNotContainPattern("(src|href)=\"(?!data:,\")|url\\(|https?://");
    return html;
  }

  @Test
  void oneConfigurationHasEveryRowAndEverySection() {
    Profile profile = ProfileFixture.profile("char", 1);
    String html = page(ProfileFixture.plan("char", List.of(profile)), List.of(profile));
    assertThat(sections(html)).containsExactly("step", "roofline", "parts", "memory", "reading", "facts");
    assertThat(all(html, "(?<=<th scope=\"row\">)[^<]+")).containsAll(profile.rows().stream().map(Row::name).toList())
        .contains("attn.qkv", "mlp.fc", "command");
    assertThat(html).as("4.0704 GFLOP in 0.98 of 43.97 ms").contains("<dt>GFLOP/s</dt><dd>94.",
        "norma profile &lt;x&gt; &amp; y",
        "add up to 44.0 ms; the median watched step took 44.0 ms");
    assertThat(all(html, "<tr><th scope=\"row\">attn.proj</th>.*?</tr>").getFirst())
        .as("4 blocks of 0.25 and 0.5 ms; 300 MFLOP, 768 tokens in 3 ms; 1.6 times 1.875 ms").contains(
            ">1.00 (0.950\u20131.10)<", ">2.00 (1.90\u20132.20)<", ">8<", ">256,000<", ">100<", ">3.33<", ">1.60<",
            ">products<", ">384 KiB<", ">768 KiB<");
    assertThat(all(html, "<tr><th scope=\"row\">waiting</th>.*?</tr>").getFirst()).contains(">0.800 (").doesNotContain(
        "bytes");
  }

  @Test
  void casesAreComparedWithTheFirst() {
    List<Profile> profiles = List.of(ProfileFixture.profile("layernorm", 1), ProfileFixture.profile("<dyt>", 3,
        "model.norm.all=dyt"));
    String html = page(ProfileFixture.plan("<b>norms</b> & more", profiles), profiles);
    assertThat(sections(html)).containsExactly("comparison", "steps", "cases", "reading", "facts");
    double ratio = profiles.get(0).steps().plain().median() / profiles.get(1).steps().plain().median();
    assertThat(all(html, "<tr><th scope=\"row\">&lt;dyt&gt;</th>.*?</tr>").getFirst())
        .as("nine slots of 0.06 and 0.11 ms, three times as slow").contains(">9<", ">1.62<", ">2.97<",
            String.format(Locale.ROOT, ">%.3f (", ratio));
    assertThat(all(html, "<details class=\"case\">")).hasSize(2);
    assertThat(all(html, "<svg[^>]*aria-label=\"time of a step: [^>]*class=\"chart\"")).hasSize(2);
    assertThat(html).contains("<h1>&lt;b&gt;norms&lt;/b&gt; &amp; more ", "<title>&lt;b&gt;norms").doesNotContain("<b>",
        "<dyt>");
  }

  @Test
  void aSweepHasItsExponentsAndThreadsTheirSpeedUp() {
    String html = page(ProfileFixture.sweepPlan(), ProfileFixture.sweeps());
    assertThat(sections(html)).containsExactly("sweeps", "cases", "reading", "facts");
    assertThat(html).as("time doubles, operations treble: log2 3 = 1.58").contains("fitted: ms ~ layers^1.00",
        "counted, scaled: FLOP ~ layers^1.58", "every thread counts fully");
    assertThat(all(html, "<tr><th scope=\"row\">2</th>.*?</tr>").getLast()).contains(">1.50<", ">75.0\u00a0%<");
  }

  @Test
  void aSweepFromZeroHasLinearAxesAndNoExponent() {
    Chart chart = Scaling.of("model.dropout", List.of(new Scaling.Point(0, 10, 1e9, 768),
        new Scaling.Point(0.2, 12, 1e9, 768)), List.of(List.of(10.0), List.of(12.0))).growth();
    assertThat(chart.xScale().toString()).isEqualTo("TIGHT");
    assertThat(chart.svg(Chart.Size.SLOT)).contains("counted FLOP, scaled").doesNotContain("^", "NaN", "Infinity");
  }

  @Test
  void theCountedLineGoesThroughTheMiddleOfTheMeasuredTimes() {
    Scaling scaling = Scaling.of(ProfileFixture.sweepPlan(), ProfileFixture.sweeps()).getFirst();
    List<Series> series = scaling.growth().series();
    double measured = series.getFirst().points().get(1).y();
    assertThat(series.get(1).points().get(1).y()).isCloseTo(measured, within(1e-9));
    assertThat(series.get(2).points()).extracting(Series.Point::y).satisfies(ys -> {
      assertThat(ys.get(1)).isCloseTo(measured, within(1e-9));
      assertThat(ys.get(2) / ys.get(1)).isCloseTo(3, within(1e-9));
    });
  }
}
