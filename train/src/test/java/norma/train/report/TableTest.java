package norma.train.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TableTest {
  private record Run(String name, String words, double loss) {}

  private static final Table<Run> TABLE = new Table<Run>().name("run", Run::name).text("words", Run::words)
      .number("losses", "best loss", run -> Decimals.loss(run.loss));
  private static final List<Run> RUNS = List.of(new Run("a", "few", 12.5), new Run("long<er>", "", Double.NaN));

  @Test
  void aTerminalsColumnsAreAsWideAsWhatStandsInThem() {
    assertThat(TABLE.lines(RUNS)).containsExactly("run       words  best loss", "a         few      12.5000",
        "long<er>                 \u2013");
    assertThat(TABLE.only("best loss", "run").lines(RUNS)).containsExactly("best loss  run", "  12.5000  a",
        "        \u2013  long<er>");
  }

  @Test
  void markdownHasARowForEachBelowItsHead() {
    assertThat(TABLE.markdown(RUNS)).isEqualTo(
        "| run | words | best loss |\n|---|---|---|\n| a | few | 12.5000 |\n| long<er> |  | \u2013 |\n");
  }

  @Test
  void aPagesTableNamesItsRowsAndEscapesItsText() {
    assertThat(TABLE.html("some", RUNS)).isEqualTo("<div class=\"scroll\"><table class=\"some\"><thead>"
        + "<tr class=\"groups\"><td></td><td></td><th scope=\"colgroup\" colspan=\"1\"><span>losses</span></th></tr>\n"
        + "<tr><th scope=\"col\">run</th><th scope=\"col\">words</th><th scope=\"col\" class=\"n\">best loss</th></tr>"
        + "</thead>\n<tbody>\n<tr><th scope=\"row\">a</th><td>few</td><td class=\"n\">12.5000</td></tr>\n"
        + "<tr><th scope=\"row\">long&lt;er&gt;</th><td></td><td class=\"n\">\u2013</td></tr>\n"
        + "</tbody></table></div>\n");
    assertThat(new Table<Run>().markup("", run -> "<i>" + run.words + "</i>").html("", RUNS))
        .contains("<td><i>few</i></td>").doesNotContain("thead");
    assertThat(Table.facts(Map.of("<cpu>", "x & y"))).contains("<th scope=\"row\">&lt;cpu&gt;</th><td>x &amp; y</td>");
  }

  @Test
  void valuesWithCommasOrQuotesAreQuoted() {
    assertThat(TABLE.csv(List.of(new Run("a,b", "so \"called\"", 1), new Run("c", "two\nlines", 2))))
        .isEqualTo("run,words,best loss\n\"a,b\",\"so \"\"called\"\"\",1.0000\nc,\"two\nlines\",2.0000\n");
  }

  @Test
  void columnsWithoutAnyNumberAreLeftOut() {
    Table<Run> table = TABLE.number("none", run -> Table.NONE);
    assertThat(table.withoutEmpty(RUNS)).isEqualTo(TABLE);
  }
}
