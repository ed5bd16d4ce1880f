package norma.train.norms;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import norma.nn.FormulaType;
import norma.nn.Learnable;
import norma.nn.NormSpec;
import norma.nn.NormType;
import norma.nn.NormTypes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NormListTest {

  @Test
  void everyTypeIsListedWithinEightyColumns() {
    List<String> lines = NormList.lines();
    assertThat(lines).allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(80));
    String words = String.join(" ", lines).replaceAll("\\s+", " ");
    for (NormType type : NormTypes.all()) {
      assertThat(words).contains(type.name() + " ");
      if (type instanceof FormulaType formula) {
        assertThat(words).contains(type.name() + " " + formula.text() + " ", formula.source());
        formula.parameters().forEach(parameter -> assertThat(words).contains(parameter));
      }
    }
  }

  @ParameterizedTest
  @CsvSource(delimiter = '=', value = { "dyt = odd; bounded, |y| up to 1", "dyisru = odd; bounded, |y| up to 1",
      "derf = odd at the start, not for every shift; bounded, |y| up to 1",
      "layernorm = odd; bounded for each width, |y| up to 3.873 at width 16, 15.969 at width 256",
      "rmsnorm = odd; bounded for each width, |y| up to 4 at width 16, 16 at width 256",
      "weight * silu(x) = not odd; not bounded", "weight * sqrt(x) = not odd; not a number for some x",
      "weight * 2.5 * sigmoid(x) = not odd; bounded, |y| up to 2.5",
      "weight * x / maxabs(x) = odd; bounded, |y| up to 1" })
  void factsAreThoseOfTheFunction(String norm, String facts) {
    assertThat(NormList.facts(NormSpec.of(norm))).isEqualTo(facts);
  }

  @Test
  void factsHoldForTheNumbersThatAreGiven() {
    assertThat(NormList.facts(new NormSpec("dyisru", Map.of("scale_sqrt_width", true))))
        .isEqualTo("odd; bounded, |y| up to 4"); // at width 16
    assertThat(NormList.facts(new NormSpec("weight * a * tanh(x)", Map.of("a", Learnable.from(3)))))
        .isEqualTo("odd; bounded, |y| up to 3");
  }

  /// The table of the documentation is a view of `norms.txt`, too: put these rows there. What is no formula is described by hand.
  @Test
  void theDocumentationsTableHasTheSameRows() throws Exception {
    Map<String, String> rows = new TreeMap<>();
    Files.readString(Path.of(System.getProperty("norma.home"), "docs/norms.md")).lines()
        .dropWhile(line -> !line.startsWith("| type |")).skip(2).takeWhile(line -> line.startsWith("|"))
        .forEach(row -> rows.put(row.split("`", -1)[1], row));
    assertThat(rows).containsOnlyKeys(NormTypes.all().stream().map(NormType::name).toList());
    for (NormType type : NormTypes.all()) {
      if (type instanceof FormulaType f) {
        assertThat(rows).containsEntry(f.name(), "| `" + f.name() + "` | `" + f.text() + "` | "
            + String.join("; ", f.parameters()) + " | " + f.source() + " |");
      }
    }
  }

  @Test
  void longTextsBreakAtSpacesAndWithoutThemAnywhere() {
    assertThat(NormList.wrapped("name", 6, "one two")).containsExactly("name  one two");
    assertThat(NormList.wrapped("a", 70, "sixteen letters")).containsExactly("a" + " ".repeat(69) + "sixteen",
        " ".repeat(70) + "  letters");
    assertThat(NormList.wrapped("a", 70, "x".repeat(25))).hasSize(3)
        .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(80));
  }
}
