package norma.train.report;

import static norma.train.report.Markup.all;
import static norma.train.report.Markup.sections;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import norma.train.run.Runs;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class RunReportTest {
  @TempDir
  Path folder;

  private String report() throws IOException {
    RunReport.write(folder);
    return Files.readString(folder.resolve("report.html"));
  }

  @Test
  void aFullRunHasEverySection() throws IOException {
    RunFixture.full(folder);
    String html = report();
    assertThat(sections(html)).containsExactly("loss", "optimization", "layers", "norms", "samples", "reproduce",
        "config",
        "environment");
    assertThat(all(html, "<svg[^>]* class=\"chart[^>]*>")).as("loss twice, four panels, four for each of nine slots")
        .hasSize(2 + 4 + 4 * 9);
    assertThat(html)
        .contains("class=\"state completed\"", "<dt>tokens</dt><dd>1,536,000</dd>", "blocks.3.mlp.pre",
            "<th scope=\"row\">cores</th><td>2</td>")
        .doesNotContain("{{", "<!--if", "NaN", "Infinity");
    assertThat(Files.readString(folder.resolve("loss.svg"))).startsWith("<svg xmlns").endsWith("</svg>\n");
  }

  @Test
  void probesOfAnEarlierVersionHaveNoEmptyColumnsAndNoEmptyCharts() throws IOException {
    RunFixture.write(folder, List.of("{'event':'start'}",
        "{'event':'norm','step':250,'slots':[{'slot':'final','type':'rmsnorm','inv_std':0.5,'in_rms':2,'in_absmax':9,'in_kurtosis':3}],'max_attention_logit':7,'log_z':4.2}"));
    String html = report();
    assertThat(sections(html)).containsExactly("norms");
    assertThat(html).contains("<th scope=\"colgroup\" colspan=\"4\"><span>input</span></th></tr>",
        "<th scope=\"col\" class=\"n\">1/std</th><th scope=\"col\" class=\"n\">RMS</th><th scope=\"col\" class=\"n\">max</th><th scope=\"col\" class=\"n\">kurtosis</th></tr>");
    assertThat(all(html, "<svg[^>]* class=\"chart[^>]*>")).as("1/std").hasSize(1);
  }

  /// Nothing here knows their names: Norma's own norms are shown by the same code.
  @Test
  void everyScalarOfASlotIsShownByItsOwnName() throws IOException {
    RunFixture.write(folder, List.of("{'event':'start'}",
        "{'event':'norm','step':250,'slots':[{'slot':'final','type':'mine','knee':0.75,'<tail>':-3,'squash_slope':2,'inv_std':0.5,'in_rms':2}]}"));
    String html = report();
    assertThat(html).contains("&lt;tail&gt;\u00a0\u22123.00, knee\u00a00.750".replace('\u2212', '-'))
        .doesNotContain("<tail>");
    assertThat(all(html, "<svg[^>]* class=\"chart[^>]*>")).as("scalars; slope and 1/std").hasSize(2);
    assertThat(all(html, ">(knee|&lt;tail&gt;|slope|1/std of input)</text>")).hasSize(4);
  }

  @Test
  void whatARunDoesNotHaveDoesNotAppear() throws IOException {
    RunFixture.minimal(folder);
    String html = report();
    assertThat(sections(html)).containsExactly("loss");
    assertThat(html).contains("class=\"state unfinished\"").doesNotContain("validation", "{{", "<!--", "NaN");
  }

  @Test
  void aRunWithoutAnyStepHasAReportToo() throws IOException {
    RunFixture.write(folder, List.of("{'event':'start'}"));
    assertThat(sections(report())).isEmpty();
  }

  @Test
  void aPageThatFollowsARunSaysHowFarItIsOrWhyItEnded() throws IOException {
    RunFixture.write(folder, List.of("{'event':'start'}", "{'event':'step','step':20,'tokens':80,'loss':2.5,'lr':0.1,"
        + "'grad_norm':1,'step_ms':500}"));
    assertThat(RunReport.page(folder, new RunReport.Live("", "running", "20/60"))).contains("running</span>",
        "Step 20 of 60, 20.0 s of steps to go.").doesNotContain("it was killed");
    RunFixture.write(folder, List.of("{'event':'start'}", "{'event':'diverged','step':3,'first_bad':'head'}"));
    assertThat(RunReport.page(folder, new RunReport.Live("", "diverged", ""))).contains("diverged</span>",
        "A number stopped being finite at step 3");
  }

  @Test
  void nothingIsLoadedFromElsewhere() throws IOException {
    RunFixture.full(folder);
    String html = report();
    assertThat(all(html, "(?:src|href|action|url)\\s*[=(][^>\\s]*"))
        .as("no icon, the script's own clip path, what it saves")
        .containsExactly("href=\"data:,\"", "url(#\"", "href =", "src =");
    assertThat(all(html, "https?://[^\"\\s]*")).as("only the name of the SVG namespace").isNotEmpty()
        .allMatch("http://www.w3.org/2000/svg"::equals);
  }

  @Test
  void textOfTheRunNeverBecomesMarkup() throws IOException {
    RunFixture.full(folder);
    Files.writeString(folder.resolve("metrics.jsonl"), RunFixture.json("""
        {'event':'norm','step':2001,'slots':[{'slot':'</script><img src=x>','type':'<i>','alpha':1}]}
        {'event':'diverged','step':2001,'first_bad':'<u>{{{css}}}'}
        """), java.nio.file.StandardOpenOption.APPEND);
    String html = report();
    assertThat(all(html, "</script>")).as("the data and the script").hasSize(2);
    assertThat(html).doesNotContain("<img", "<i>", "<u>", "<script>alert", "<b>not").contains(
        "&lt;/script&gt;&lt;script&gt;alert(1)", "&lt;b&gt;not markup", "is in &lt;u&gt;{{{css}}}.",
        "class=\"state diverged\"");
  }

  @Test
  void dataForTheScriptCannotCloseItAndReadsBackTheSame() {
    Figures figures = new Figures();
    figures.add(new Chart("", "", "", Chart.Scale.FROM_ZERO, List.of(new Series("</script>", 0, Series.Kind.LINE,
        List.of(new Series.Point(1, 0.5), new Series.Point(2, Double.NaN), new Series.Point(3, 1e-7))))),
        Chart.Size.SMALL);
    assertThat(figures.json()).doesNotContain("<");
    JsonNode series = new JsonMapper().readTree(figures.json()).get(0).get(0);
    assertThat(series.get("name").stringValue()).isEqualTo("</script>");
    assertThat(series.get("x").toString()).isEqualTo("[1,3]");
    assertThat(series.get("y").get(1).doubleValue()).isEqualTo(1e-7);
  }

  @Test
  void theBestAndTheFinalLossAreTold() throws IOException {
    RunFixture.write(folder,
        List.of("{'event':'eval','step':10,'val_loss':2.5}", "{'event':'eval','step':20,'val_loss':2.0}",
            "{'event':'eval','step':30,'val_loss':2.25}", "{'event':'end','step':30,'reason':'interrupted'}"));
    assertThat(report()).contains("2.0000 <small>step 20</small>", "2.2500 <small>step 30</small>",
        "<dt>best bits per character</dt><dd>2.8854</dd>", "<tr class=\"best\"><td class=\"n\">20</td>",
        "The run ended before its last step: interrupted.");
  }

  @Test
  void theCommandQuotesAPathThatNeedsIt() throws IOException {
    folder = folder.resolve("it's a run");
    RunFixture.full(folder);
    assertThat(report()).contains("it&#39;\\&#39;&#39;s a run/config.yaml&#39;");
  }

  @Test
  void writingAgainGivesTheSameFilesAndLeavesNothingBehind() throws IOException {
    RunFixture.full(folder);
    String first = report();
    assertThat(report()).isEqualTo(first);
    assertThat(Runs.names(folder)).containsExactly("config.yaml", "environment.json", "loss.svg", "metrics.jsonl",
        "report.html");
  }

  @Test
  void aBrokenEnvironmentFileIsNamed() throws IOException {
    RunFixture.full(folder);
    Files.writeString(folder.resolve("environment.json"), "{oops");
    assertThatThrownBy(() -> RunReport.write(folder)).isInstanceOf(IOException.class)
        .hasMessageContaining("environment.json is damaged: ").message().doesNotContain("\n");
  }

  /// No run writes such numbers. Axes and ticks must stand them all the same.
  @Test
  void numbersThatNoRunHasStillGiveASmallPage() throws IOException {
    String[] numbers = { "1e308", "-1e308", "1e999", "4.9e-324", "1e-99", "1e100", "-1e100", "5.0000000001", "5", "0",
        "-0.0",
        "123456789012345678901234567890", "9007199254740993", "null" };
    List<String> shapes = List.of(
        "{'event':'step','step':S,'tokens':N,'loss':N,'lr':N,'grad_norm':N,'step_ms':N,'tokens_per_s':N,'elapsed_s':N}",
        "{'event':'eval','step':S,'train_loss':N,'val_loss':N,'val_bits':N}",
        "{'event':'norm','step':S,'slots':[{'slot':'final','type':'dyt','alpha':N,'inv_std':N,'saturation':N,'in_rms':N,'out_grad_rms':N}],'log_z':N}",
        "{'event':'layers','step':S,'layers':[{'layer':'head','forward_ms':N,'backward_ms':N,'tokens_per_s':N,'gflops':N}]}",
        "{'event':'end','step':S,'reason':'completed','best_val_loss':N,'best_step':N,'final_val_loss':N}");
    Random random = new Random(20261126);
    for (int page = 0; page < 60; page++) {
      List<String> lines = random.ints(1 + random.nextInt(10), 0, shapes.size()).mapToObj(shapes::get)
          .map(
              line -> Pattern.compile("\\bN\\b").matcher(line).replaceAll(m -> numbers[random.nextInt(numbers.length)]))
          .map(line -> line.replace(":S,", ":" + List.of(0, 1, 5, Integer.MAX_VALUE).get(random.nextInt(4)) + ","))
          .toList();
      RunFixture.write(folder, lines);
      assertThat(report()).as(lines.toString()).hasSizeBetween(1000, 500_000).doesNotContain("Infinity");
    }
  }

  @Test
  void durationsAndNumbersAreWrittenForPeople() {
    assertThat(
        List.of(Decimals.duration(12.34), Decimals.duration(245), Decimals.duration(7800), Decimals.duration(3599.7)))
        .containsExactly("12.3 s", "4 min 05 s", "2 h 10 min", "1 h 00 min");
    assertThat(Stream.of(0.0, 0.01234, 1.2345, 12.345, 1234.5, 1.2e-5, Double.NaN).map(Decimals::digits))
        .containsExactly("0", "0.012", "1.23", "12.3", "1,235", "1.20e-05", "\u2013");
    assertThat(Stream.of(16384.0, 0.123456, 0.0).map(Decimals::plain)).containsExactly("16384", "0.1235", "0");
  }
}
