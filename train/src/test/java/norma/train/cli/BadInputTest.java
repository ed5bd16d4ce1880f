package norma.train.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import norma.autodiff.Scope;
import norma.nn.Norm;
import norma.nn.NormSettings;
import norma.nn.NormType;
import norma.nn.Setting;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Bad input gets one line, the right exit code, and leaves nothing behind.
class BadInputTest {
  @TempDir
  private Path folder;
  private Path text;

  @BeforeEach
  void writeText() throws IOException {
    text = Files.writeString(folder.resolve("ok.txt"), "abcdefgh\n".repeat(100));
  }

  static Stream<Arguments> badCommands() {
    return Stream.of(bad(2, "model.widht=3: unknown key; did you mean model.width?", "model.widht=3"),
        bad(2, "did you mean dyisru", "model.norm.all=dysru"),
        bad(2, "no-such.yaml: no such file", "no-such.yaml"), bad(2, "no\\u001B[2J.yaml", "no\u001b[2J.yaml"),
        bad(2, "expected one configuration file", "a.yaml", "b.yaml"),
        bad(2, "runtime.precision is tf32", "runtime.precision=tf32", "runtime.backend=cpu"),
        bad(2, "runtime.precision is bf16", "runtime.precision=bf16", "runtime.backend=nd4j"),
        bad(3, "model.context is 640", "data.corpus='${folder}/ok.txt'", "model.context=640"),
        bad(3, "there is no file", "data.corpus='${folder}/missing.txt'"),
        bad(3, "is empty", "data.corpus='${folder}/empty.txt'"),
        bad(3, "has one distinct character", "data.corpus='${folder}/one.txt'"),
        bad(3, "bad byte 0xE0 at offset 4", "data.corpus='${folder}/latin1.txt'"),
        bad(3, "did you mean builtin:dickens", "data.corpus='builtin:dikens'"),
        bad(3, "out of memory: the model has 206", "data.corpus='${folder}/ok.txt'", "model.width=65536"),
        bad(3, "model.width or model.layers", "data.corpus='${folder}/ok.txt'", "model.width=6400"),
        bad(3, "lower train.batch", "data.corpus='${folder}/ok.txt'", "runtime.backend=nd4j", "train.batch=1000000"));
  }

  private static Arguments bad(int code, String message, String... arguments) {
    return Arguments.of(code, message, List.of(arguments));
  }

  @ParameterizedTest
  @MethodSource("badCommands")
  void trainingOnBadInput(int code, String message, List<String> arguments) throws Exception {
    Files.writeString(folder.resolve("empty.txt"), "");
    Files.writeString(folder.resolve("one.txt"), "aaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    Files.write(folder.resolve("latin1.txt"), "Voil\u00E0, monsieur".getBytes(StandardCharsets.ISO_8859_1));
    List<String> command = new ArrayList<>(List.of("train", "output.dir='" + folder.resolve("runs") + "'"));
    arguments.forEach(argument -> command.add(argument.replace("${folder}", folder.toString())));
    Outcome.of(command).refused(code, message);
    assertThat(folder.resolve("runs")).doesNotExist();
  }

  @Test
  void wrongUsageNamesTheNearestWord() {
    Outcome.of("trian").refused(2, "trian", "did you mean", "train");
    Outcome.of("sample", "x", "--temprature", "1").refused(2, "--temprature", "--temperature");
    Outcome.of("sample", "x", "--tokens", "many").refused(2, "--tokens", "many");
    Outcome.of("eval").refused(2, "see norma eval --help");
  }

  @Test
  void aRunsFileIsNoStudy() {
    Outcome.of("study", "configs/char-cpu.yaml").refused(2, "a run's configuration; norma train ");
  }

  @Test
  void aStudyThatTrainsNothingTakesNoSettingsAndNoOptions() {
    Outcome.of("study", "train.steps=5", "outliers").refused(2, "takes no settings, got train.steps=5");
    Outcome.of("study", "outliers", "--plan").refused(2, "takes no options");
  }

  @Test
  void aFolderThatIsNoRunIsSaidToBeNone() throws Exception {
    for (String command : List.of("eval", "sample", "report")) {
      Outcome.of(command, folder.resolve("nothing").toString()).refused(3, "nothing is not a folder");
      Path other = Files.createDirectories(folder.resolve("other"));
      Outcome.of(command, other.toString()).refused(3, "is not a run folder");
    }
  }

  @Test
  void aStudysFolderThatCannotBeReadIsOneLine() throws Exception {
    Path study = Files.createDirectories(folder.resolve("studies/old"));
    Outcome.of("report", study.toString()).refused(3, "studies/old is not a run folder", "study.json");
    Files.createDirectory(study.resolve("cells"));
    Outcome.of("report", study.toString())
        .refused(3, "studies/old is a study's folder without study.json", "norma study");
    Files.writeString(study.resolve("study.json"), "{\"name\": ");
    Outcome.of("report", study.toString()).refused(3, "study.json is damaged");
  }

  @Test
  void aStudyThatCannotRunIsRefusedByThePlanAndByTheStart() throws Exception {
    Path study = Files.writeString(folder.resolve("a=b.yaml"), """
        base: {data: {corpus: '%s'}, model: {layers: 1, width: 8, heads: 1, context: 8}}
        baseline: a
        variants: {a: {}, short: {model.context: 640}, large: {model.width: 64000}}
        seeds: 2
        """.formatted(text));
    for (List<String> more : List.of(List.of("--plan"), List.<String>of())) {
      List<String> command = new ArrayList<>(List.of("study", study.toString()));
      command.addAll(more);
      Outcome outcome = Outcome.of(command);
      assertThat(outcome.code()).as(outcome.err()).isEqualTo(3);
      assertThat(outcome.err()).hasLineCount(1)
          .startsWith("norma: 2 of 3 variants cannot be trained here: short: model.context is 640")
          .contains("; large: out of memory");
    }
  }

  @Test
  void anOutputFolderThatCannotBeWrittenIsOneLine() throws Exception {
    Files.writeString(folder.resolve("file"), "in the way");
    Outcome.of("train", "data.corpus='" + text + "'",
        "output.dir='" + folder.resolve("file/runs") + "'").refused(3, "cannot create a run folder", "output.dir");
  }

  @Test
  void aLossThatExplodesEndsWithCodeFourAndWhatToTry() {
    Outcome outcome = Outcome.onATerminal(() -> Main.run("train", "data.corpus='" + text + "'",
        "model.layers=1", "model.width=8",
        "model.heads=1", "model.context=8", "optim.lr=1e38", "optim.schedule=constant", "optim.warmup_steps=0",
        "optim.clip_norm=0", "train.steps=20", "train.eval_every=0", "output.dir='" + folder.resolve("runs") + "'"));
    assertThat(outcome.out()).as("the changing line is gone where the error's begins").contains("step 1/20  loss")
        .endsWith("\r\u001B[K");
    assertThat(outcome.code()).isEqualTo(4);
    assertThat(outcome.err().lines().toList()).hasSize(1).first().asString().startsWith("norma: diverged at step ")
        .contains("first not finite: ", "optim.lr (it began at 1.0E38)", "optim.clip_norm=1 (now 0,");
  }

  @Test
  void aPlaceThatRefusesToBeWrittenIsOneLine() {
    Outcome.of("train", "data.corpus='" + text + "'", "output.dir=/proc/norma")
        .refused(3, "/proc/norma", "output.dir");
  }

  @Test
  void debugAddsTheStackTrace() {
    assertThat(Outcome.of("--debug", "train", "model.heads=3").err()).contains("\tat norma.");
  }

  /// A norm of somebody's own whose code is wrong.
  public static final class Broken implements NormType {
    @Override
    public String name() {
      return "broken";
    }

    @Override
    public List<Setting> settings() {
      return List.of();
    }

    @Override
    public Norm create(Scope scope, int width, NormSettings settings) {
      throw new IllegalStateException("out of order");
    }
  }

  @Test
  void anErrorInsideIsCodeOneAndALineThatSaysHowToSeeWhere() throws Exception {
    List<String> train = List.of("train", "data.corpus='" + text + "'", "output.dir='" + folder.resolve("runs") + "'",
        "model.norm.all=broken");
    String line = "norma: internal error: IllegalStateException: out of order";
    withService(Broken.class.getName(), () -> {
      Outcome.of(train).refused(1, line + "; --debug shows where\n");
      Outcome debugged = Outcome.of(Stream.concat(Stream.of("--debug"), train.stream()).toList());
      assertThat(debugged.code()).isEqualTo(1);
      assertThat(debugged.err()).contains("\tat " + Broken.class.getName() + ".create(").endsWith(line + "\n");
    });
    assertThat(folder.resolve("runs")).doesNotExist();
  }

  @Test
  void aServiceThatNamesNoClassIsOneLine() throws Exception {
    withService("my.Nrom", () -> Outcome.of("norms").refused(3,
        "NORMA_CLASSPATH: norma.nn.NormType: Provider my.Nrom not found; expected jars with norms"));
    Files.write(folder.resolve("Newer.class"),
        new byte[]{ (byte) 0xCA, (byte) 0xFE, (byte) 0xBA, (byte) 0xBE, 0, 0, 3, 0 });
    withService("Newer",
        () -> Outcome.of("norms").refused(3, "NORMA_CLASSPATH: Newer has been compiled by a more recent",
            "compiled for this version of Java"));
  }

  /// As with a jar on NORMA_CLASSPATH.
  private void withService(String type, Runnable commands) throws Exception {
    Path services = Files.createDirectories(folder.resolve("META-INF/services"));
    Files.writeString(services.resolve(NormType.class.getName()), type);
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    try (URLClassLoader own = new URLClassLoader(new URL[]{ folder.toUri().toURL() }, before)) {
      thread.setContextClassLoader(own);
      commands.run();
    } finally {
      thread.setContextClassLoader(before);
    }
  }
}
