package norma.train.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import norma.models.BlockName;
import norma.train.report.HeatMap.Ramp;
import org.junit.jupiter.api.Test;

class HeatMapTest {
  private static String html(Ramp ramp, Map<String, Double> numbers) {
    return HeatMap.panels(List.of(new HeatMap("<t>", numbers)), ramp, v -> String.format(Locale.ROOT, "%.1f", v));
  }

  private static Map<String, Double> numbers(Object... namesAndNumbers) {
    Map<String, Double> numbers = new LinkedHashMap<>();
    for (int i = 0; i < namesAndNumbers.length; i += 2) {
      numbers.put((String) namesAndNumbers[i], (Double) namesAndNumbers[i + 1]);
    }
    return numbers;
  }

  @Test
  void blocksAreColumnsAndWhatTheModelHasOnceIsOneWideCell() {
    String html = html(Ramp.LINEAR, numbers("blocks.0.attn.pre", 0.0, "blocks.1.attn.pre", 2.0, "blocks.1.mlp.pre",
        4.0, "blocks.2.qk", Double.NaN, "final", 3.0));
    assertThat(html).contains("<caption>&lt;t&gt;</caption>", "<th scope=\"col\">0</th><th scope=\"col\">1</th></tr>",
        "<th scope=\"row\">attn.pre</th><td style=\"background:#f7fbff;color:#222\">0.0</td>"
            + "<td style=\"background:#6baed6;color:#222\">2.0</td>",
        "<th scope=\"row\">mlp.pre</th><td></td><td style=\"background:#08306b;color:#fff\">4.0</td>",
        "<th scope=\"row\">final</th><td colspan=\"2\"").doesNotContain("qk", "NaN");
    assertThat(BlockName.of("blocks.12.attn.pre")).isEqualTo(new BlockName("attn.pre", 12));
    assertThat(BlockName.of("head")).isEqualTo(new BlockName("head", -1));
  }

  @Test
  void coloursMayGoByTheLogarithmOrAroundZero() {
    assertThat(html(Ramp.LOGARITHMIC, numbers("a", 0.1, "b", 1.0, "c", 10.0, "d", 0.0)))
        .contains("<td style=\"background:#6baed6;color:#222\">1.0</td>")
        .contains("<td style=\"background:#f7fbff;color:#222\">0.0</td>");
    assertThat(html(Ramp.AROUND_ZERO, numbers("a", -1.0, "b", 0.0, "c", 4.0)))
        .contains("<td style=\"background:#f7f7f7;color:#222\">0.0</td>", "background:#d55e00;color:#fff\">4.0</td>",
            "-4.0 <i style=");
  }

  @Test
  void oneNumberAloneHasAColourAndNoneMakesNoTable() {
    assertThat(html(Ramp.LOGARITHMIC, numbers("final", 7.0))).contains(">7.0</td>").doesNotContain("NaN", "block<");
    assertThat(html(Ramp.LINEAR, numbers("final", Double.NaN))).isEmpty();
  }
}
