package norma.train.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Bad input gets one line, the right exit code, and leaves nothing behind.
class BadInputTest {
  @TempDir
  private Path folder;

  static Stream<Arguments> badCommands() {
    return Stream.of(bad(2, "model.widht=3: unknown key; did you mean model.width?", "model.widht=3"),
        bad(2, "model.heads is 3", "model.heads=3"), bad(2, "did you mean dyisru", "model.norm.all=dysru"),
        bad(2, "model.layers", "model.layers=two"), bad(2, "model.width", "model.width=12.5"),
        bad(2, "no-such.yaml", "no-such.yaml"), bad(2, "no\\u001B[2J.yaml", "no\u001b[2J.yaml"),
        bad(2, "expected one configuration file", "a.yaml", "b.yaml"),
        bad(2, "runtime.precision", "runtime.precision=tf32", "runtime.backend=cpu"),
        bad(2, "runtime.precision", "runtime.precision=bf16", "runtime.backend=nd4j"),
        bad(3, "model.context is 640", "data.corpus='${folder}/ok.txt'", "model.context=640"),
        bad(3, "missing.txt", "data.corpus='${folder}/missing.txt'"),
        bad(3, "is empty", "data.corpus='${folder}/empty.txt'"), bad(3, "one", "data.corpus='${folder}/one.txt'"),
        bad(3, "bad byte 0xE0 at offset 4", "data.corpus='${folder}/latin1.txt'"),
        bad(3, "did you mean builtin:dickens", "data.corpus='builtin:dikens'"),
        bad(3, "out of memory: the model has 206", "data.corpus='${folder}/ok.txt'", "model.width=65536"),
        bad(3, "lower model.width or model.layers", "data.corpus='${folder}/ok.txt'", "model.width=6400"),
        bad(3, "lower train.batch", "data.corpus='${folder}/ok.txt'", "runtime.backend=nd4j", "train.batch=1000000"));
  }

  private static Arguments bad(int code, String message, String... arguments) {
    return Arguments.of(code, message, List.of(arguments));
  }

  @ParameterizedTest
  @MethodSource("badCommands")
  void trainingOnBadInput(int code, String message, List<String> arguments) throws Exception {
    Files.writeString(folder.resolve("ok.txt"), "abcdefgh\n".repeat(100));
    Files.writeString(folder.resolve("empty.txt"), "");
    Files.writeString(folder.resolve("one.txt"), "aaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    Files.write(folder.resolve("latin1.txt"), "Voil\u00E0, monsieur".getBytes(StandardCharsets.ISO_8859_1));
    List<String> command = new ArrayList<>(List.of("train", "output.dir='" + folder.resolve("runs") + "'"));
    arguments.forEach(argument -> command.add(argument.replace("${folder}", folder.toString())));
    Outcome outcome = Outcome.of(command.toArray(new String[0]));
    assertThat(outcome.err()).contains(message);
    assertOneLine(outcome, code);
    assertThat(folder.resolve("runs")).doesNotExist();
  }

  @Test
  void wrongUsageNamesTheNearestWord() {
    Outcome command = Outcome.of("trian");
    assertThat(command.err()).contains("trian", "did you mean", "train");
    assertOneLine(command, 2);
    Outcome option = Outcome.of("sample", "x", "--temprature", "1");
    assertThat(option.err()).contains("--temprature", "--temperature");
    assertOneLine(option, 2);
    Outcome number = Outcome.of("sample", "x", "--tokens", "many");
    assertThat(number.err()).contains("--tokens", "many");
    assertOneLine(number, 2);
    assertOneLine(Outcome.of("eval"), 2);
  }

  @Test
  void aRunsFileIsNoStudy() {
    Outcome outcome = Outcome.of("study", "configs/char-cpu.yaml");
    assertThat(outcome.err()).contains("a run's configuration; norma train ");
    assertOneLine(outcome, 2);
  }

  @Test
  void aStudyThatTrainsNothingTakesNoSettingsAndNoOptions() {
    Outcome setting = Outcome.of("study", "train.steps=5", "outliers");
    assertThat(setting.err()).contains("takes no settings, got train.steps=5");
    assertOneLine(setting, 2);
    Outcome option = Outcome.of("study", "outliers", "--plan");
    assertThat(option.err()).contains("takes no options");
    assertOneLine(option, 2);
  }

  @Test
  void aFolderThatIsNoRunIsSaidToBeNone() throws Exception {
    for (String command : List.of("eval", "sample", "report")) {
      Outcome missing = Outcome.of(command, folder.resolve("nothing").toString());
      assertThat(missing.err()).contains("nothing is not a folder");
      assertOneLine(missing, 3);
      Path other = Files.createDirectories(folder.resolve("other"));
      Outcome wrong = Outcome.of(command, other.toString());
      assertThat(wrong.err()).contains("is not a run folder");
      assertOneLine(wrong, 3);
    }
  }

  @Test
  void aStudysFolderThatCannotBeReadIsOneLine() throws Exception {
    Path study = Files.createDirectories(folder.resolve("studies/old"));
    Outcome empty = Outcome.of("report", study.toString());
    assertThat(empty.err()).contains("studies/old is not a run folder", "study.json");
    assertOneLine(empty, 3);
    Files.createDirectory(study.resolve("cells"));
    Outcome old = Outcome.of("report", study.toString());
    assertThat(old.err()).contains("studies/old is a study's folder without study.json", "norma study");
    assertOneLine(old, 3);
    Files.writeString(study.resolve("study.json"), "{\"name\": ");
    Outcome damaged = Outcome.of("report", study.toString());
    assertThat(damaged.err()).contains("study.json is damaged");
    assertOneLine(damaged, 3);
  }

  @Test
  void aStudyThatCannotRunIsRefusedByThePlanAndByTheStart() throws Exception {
    Files.writeString(folder.resolve("ok.txt"), "abcdefgh\n".repeat(100));
    Path study = Files.writeString(folder.resolve("a=b.yaml"), """
        base: {data: {corpus: '%s'}, model: {layers: 1, width: 8, heads: 1, context: 8}}
        baseline: a
        variants: {a: {}, short: {model.context: 640}, large: {model.width: 64000}}
        seeds: 2
        """.formatted(folder.resolve("ok.txt")));
    for (List<String> more : List.of(List.of("--plan"), List.<String>of())) {
      List<String> command = new ArrayList<>(List.of("study", study.toString()));
      command.addAll(more);
      Outcome outcome = Outcome.of(command);
      assertThat(outcome.code()).as(outcome.err()).isEqualTo(3);
      assertThat(outcome.err().lines().toList()).hasSize(1).first().asString()
          .startsWith("norma: 2 of 3 variants cannot be trained here: short: model.context is 640")
          .contains("; large: out of memory");
    }
  }

  @Test
  void anOutputFolderThatCannotBeWrittenIsOneLine() throws Exception {
    Files.writeString(folder.resolve("file"), "in the way");
    Files.writeString(folder.resolve("ok.txt"), "abcdefgh\n".repeat(1000));
    Outcome outcome = Outcome.of("train", "data.corpus='" + folder.resolve("ok.txt") + "'",
        "output.dir='" + folder.resolve("file/runs") + "'");
    assertThat(outcome.err()).contains("cannot create a run folder", "output.dir");
    assertOneLine(outcome, 3);
  }

  @Test
  void aLossThatExplodesEndsWithCodeFourAndWhatToTry() throws Exception {
    Files.writeString(folder.resolve("ok.txt"), "abcdefgh\n".repeat(1000));
    Outcome outcome = Outcome.of("train", "data.corpus='" + folder.resolve("ok.txt") + "'", "model.layers=1",
        "model.width=8",
        "model.heads=1", "model.context=8", "optim.lr=1e38", "optim.schedule=constant", "optim.warmup_steps=0",
        "optim.clip_norm=0", "train.steps=20", "train.eval_every=0", "output.dir='" + folder.resolve("runs") + "'");
    assertThat(outcome.code()).isEqualTo(4);
    assertThat(outcome.err().lines().toList()).hasSize(1).first().asString().startsWith("norma: diverged at step ")
        .contains("first not finite: ", "optim.lr (it began at 1.0E38)", "optim.clip_norm=1 (now 0,");
  }

  @Test
  void aPlaceThatRefusesToBeWrittenIsOneLine() throws Exception {
    Files.writeString(folder.resolve("ok.txt"), "abcdefgh\n".repeat(1000));
    Outcome outcome = Outcome.of("train", "data.corpus='" + folder.resolve("ok.txt") + "'", "output.dir=/proc/norma");
    assertThat(outcome.err()).contains("/proc/norma", "output.dir");
    assertOneLine(outcome, 3);
  }

  @Test
  void debugAddsTheStackTrace() {
    assertThat(Outcome.of("--debug", "train", "model.heads=3").err()).contains("\tat norma.");
  }

  private static void assertOneLine(Outcome outcome, int code) {
    assertThat(outcome.code()).as(outcome.err()).isEqualTo(code);
    assertThat(outcome.err().lines().toList()).hasSize(1).first().asString().startsWith("norma: ");
    assertThat(outcome.out()).isEmpty();
  }
}
