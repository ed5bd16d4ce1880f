package norma.train.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import norma.train.report.Markup;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Numbers that say nothing about each other do not stand side by side.
class CompareCommandTest {
  private static final String HERE = "'cpu':'one','backend':'cpu','threads':2,'vocabulary':66,'corpus':'/texts/one.txt',";

  @TempDir
  Path folder;

  private Path run(String name, String config, String environment) throws Exception {
    Path run = Files.createDirectories(folder.resolve(name));
    Files.writeString(run.resolve("config.yaml"), config);
    Files.writeString(run.resolve("environment.json"), ("{" + environment + "}").replace('\'', '"'));
    Files.writeString(run.resolve("metrics.jsonl"), """
        {"event":"start"}
        {"event":"step","step":1,"loss":4.5,"tokens_per_s":1000}
        {"event":"eval","step":1,"val_loss":3.25}
        """);
    return run;
  }

  private static String compare(Path... runs) {
    return Outcome.ok(Stream.concat(Stream.of("compare"), Stream.of(runs).map(Path::toString)).toList());
  }

  private List<String> charts() throws Exception {
    return Markup.all(Files.readString(folder.resolve("compare.html")), "<svg[^>]*class=\"chart wide\"");
  }

  @Test
  void curvesThatCannotBeWrittenAreSaidAndTheRestIsPrinted() throws Exception {
    Path a = run("a", "name: a\n", HERE + "'validation_sha256':'4fca50270dd2'");
    Path inWay = Files.createDirectories(folder.resolve("compare.html/x")).getParent();
    Outcome outcome = Outcome.of("compare", a.toString(), a.toString());
    assertThat(outcome.code()).isZero();
    assertThat(outcome.err()).isEqualTo("norma: warning: no compare.html: " + inWay
        + ": it is a folder; expected a file's name; --out FILE puts it elsewhere\n");
    assertThat(outcome.out()).contains("identical losses").doesNotContain("curves ");
    Path elsewhere = folder.resolve("elsewhere.html");
    assertThat(Outcome.ok("compare", a.toString(), a.toString(), "--out", elsewhere.toString()))
        .contains("curves   " + elsewhere);
    assertThat(elsewhere).content().contains("<svg");
  }

  @Test
  void theFirstStepWithAnotherLossIsNamed() throws Exception {
    Path a = run("a", "name: a\n", HERE + "'validation_sha256':'4fca50270dd2'");
    Path b = run("b", "name: b\n", HERE + "'validation_sha256':'4fca50270dd2'");
    String second = "{\"event\":\"step\",\"step\":2,\"loss\":%s}\n";
    Files.writeString(a.resolve("metrics.jsonl"), second.formatted("4.25"), StandardOpenOption.APPEND);
    Files.writeString(b.resolve("metrics.jsonl"), second.formatted("4.5"), StandardOpenOption.APPEND);
    assertThat(compare(a, b)).contains("first differing loss at step 2: ").doesNotContain("identical losses");
  }

  @Test
  void runsThatWereValidatedOnOtherTextsStandApart() throws Exception {
    Path a = run("a", "name: a\n", HERE + "'validation_sha256':'4fca50270dd2'");
    Path b = run("b", "name: b\n", HERE.replace("one.txt", "two.txt") + "'validation_sha256':'901c41b92413'");
    Path c = run("c", "name: c\n", HERE + "'validation_sha256':'4fca50270dd2'");
    String text = compare(a, b, c);
    assertThat(text).contains("validated on /texts/one.txt, SHA-256 4fca5027\nrun ",
        "validated on /texts/two.txt, SHA-256 901c41b9: not comparable with the losses above\nrun ",
        "b against a\n  the validation texts differ (SHA-256 4fca5027 and 901c41b9): losses are not comparable\n");
    assertThat(text.indexOf("\nc  ")).as("c stands beside a").isPositive().isLessThan(text.indexOf("two.txt"));
    assertThat(text.substring(text.indexOf("c against a"))).contains("identical losses")
        .doesNotContain("not comparable");
    assertThat(text.substring(text.indexOf("b against a"), text.indexOf("c against a"))).doesNotContain("identical");
    assertThat(folder.resolve("compare.html")).content().contains("not between them", "<h3>validated on /texts/one.txt",
        "<h3>validated on /texts/two.txt", "the validation texts differ");
    assertThat(charts()).as("validation and training loss of each group").hasSize(4);
  }

  @Test
  void runsOnOneTextStandTogetherAndWhatElseDiffersIsNoted() throws Exception {
    Path a = run("a", "model: {context: 64}\n", HERE + "'validation_sha256':'4fca50270dd2'");
    Path b = run("b", "model: {context: 256}\n",
        "'cpu':'another','backend':'cpu','threads':2,'vocabulary':80,'validation_sha256':'4fca50270dd2'");
    String text = compare(a, b);
    assertThat(text).startsWith("run ").contains("contexts of 64 and 256 characters", "66 and 80 characters",
        "cpu is one and another: speeds are not comparable", "identical losses")
        .doesNotContain("losses are not comparable", "threads is");
    assertThat(charts()).hasSize(2);
    assertThat(folder.resolve("compare.html")).content().doesNotContain("not between them");
  }

  @Test
  void aRunWhoseTextIsNotKnownIsNotTakenForComparable() throws Exception {
    Path a = run("a", "name: a\n", HERE + "'validation_sha256':'4fca50270dd2'");
    for (String environment : List.of("", "'validation_sha256':null")) {
      assertThat(compare(a, run("b", "name: b\n", environment))).contains("validated on a text that is not known",
          "whether losses are comparable cannot be told");
    }
    Path c = run("c", "name: c\n", "");
    Files.delete(c.resolve("environment.json"));
    assertThat(compare(a, c)).contains("whether losses are comparable cannot be told");
  }

  @Test
  void twoRunsOfOneNameBothHaveTheirCurves() throws Exception {
    compare(run("x/run", "name: a\n", HERE + "'validation_sha256':'4f'"),
        run("y/run", "name: a\n", HERE + "'validation_sha256':'4f'"));
    assertThat(folder.resolve("x/compare.html")).content().containsPattern("run.*run.*: comparison");
  }
}
