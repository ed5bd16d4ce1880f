package norma.train.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import norma.train.norms.NormList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NormsCommandTest {
  @TempDir
  private Path folder;

  @Test
  void allTypesAreListed() {
    assertThat(Outcome.ok("norms").lines()).containsExactlyElementsOf(NormList.lines());
  }

  @Test
  void aFormulaWithItsStartsIsDescribedMeasuredAndDrawn() {
    Path picture = folder.resolve("curve.svg");
    Outcome outcome = Outcome.of("norms", "weight * a * softsign(alpha * x)", "alpha=0.25",
        "a={start: 3, per: channel}",
        "--out", picture.toString());
    assertThat(outcome.code()).as(outcome.err()).isZero();
    assertThat(outcome.err()).isEmpty();
    assertThat(outcome.out()).contains("a           starts at 3, one for each channel", "slope at 0  0.75", "float32 ",
        "speed ", "picture     " + picture);
    assertThat(picture).content().contains("<svg", "</svg>");
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "weight * tahn(x) | norma: column 10 of \"weight * tahn(x)\": unknown name tahn; nearest: tanh",
      "weight * tanh(alpha * x) | norma: column 15 of \"weight * tanh(alpha * x)\": unknown name alpha; a parameter needs"
          + " its start, alpha: 0.5 in a file, alpha=0.5",
      "weight * x beta=2 | norma: \"weight * x\" does not use beta", "dyy | did you mean dyt?",
      "dyt alhpa=2 | did you mean alpha?", "none | norma: none is no formula; norma norms lists those that are",
      "weight * x alpha | 'alpha' is not a setting; expected key=value", "dyt alpha=low | alpha=low",
      "{y: | command line: not valid YAML" })
  void badInputIsOneLineAndLeavesNothing(String arguments, String message) {
    int end = arguments.contains("=") || arguments.endsWith(" alpha") ? arguments.lastIndexOf(' ') : arguments.length();
    List<String> command = new ArrayList<>(List.of("norms", arguments.substring(0, end)));
    if (end < arguments.length()) {
      command.add(arguments.substring(end + 1));
    }
    Path picture = folder.resolve("none.svg");
    command.addAll(List.of("--out", picture.toString()));
    Outcome.of(command).refused(2, message);
    assertThat(picture).doesNotExist();
  }

  /// 30 squares of squares are a thousand million factors, and thirty nodes.
  @ParameterizedTest
  @CsvSource({ "x * (alpha^2)", "weight * x / (1 + abs(alpha * x * (x^2)))" })
  void aFormulaThatIsLargeOnceWrittenOutIsAnsweredLikeAnyOther(String formula) {
    String squares = formula.replaceFirst("\\((x|alpha)\\^2\\)", "(".repeat(30) + "$1" + "^2)".repeat(30));
    assertThat(Outcome.ok("norms", squares, "alpha=1", "--out", folder.resolve("curve.svg").toString()))
        .contains("gradient ", "speed ").hasSizeLessThan(20_000);
  }

  @Test
  void aPlaceThatCannotBeWrittenIsSaidBeforeAnythingIsMeasured() {
    Outcome.of("norms", "dyt", "--out", folder.resolve("no/such.svg").toString())
        .refused(3, "no/such.svg", "no such folder");
  }
}
