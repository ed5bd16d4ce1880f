package norma.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import norma.train.files.Tree;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The launcher where the environment is not a developer's: a container, a service, another language, an odd path, a copy.
class LauncherTest {
  /// A person's limit of addresses that Norma can live with. Under any, no class cache is made.
  private static final String SOME_LIMIT = "ulimit -v 50000000; ";

  @TempDir
  private Path folder;

  @Test
  void inAContainerWithoutALanguageNamesTextsAndPromptsAreUtf8() throws Exception {
    assumeThat(System.getProperty("sun.jnu.encoding")).as("this test makes folders itself").isEqualTo("UTF-8");
    Path work = Files.createDirectory(folder.resolve("\u043F\u0440\u043E\u200C\u0433\u043E\u043D"));
    Files.writeString(work.resolve("\u0442\u0435\u043A\u0441\u0442.txt"),
        "\u043F\u0440\u0438\u0432\u0435\u0442 \u043C\u0438\u0440\n".repeat(60));
    String container = "env -i PATH=\"$PATH\" HOME=\"$PWD\" JAVA_HOME=\"${JAVA_HOME:-}\" JDK_JAVA_OPTIONS='-XX:TieredStopAtLevel=1 -Duser.language=fa -Duser.region=IR' \"$@\"";
    Launcher train = bash(work, container, "train", "configs/tiny.yaml", "model.layers=1", "model.context=8",
        "train.steps=2", "train.checkpoint_every=2", "data.corpus=\u0442\u0435\u043A\u0441\u0442.txt",
        "output.dir=~/\u0438\u0442\u043E\u0433");
    assertThat(train.code()).as(train.err()).isZero();
    assertThat(Tree.list(folder)).containsExactly(work);
    Path run = Tree.list(work.resolve("\u0438\u0442\u043E\u0433")).getFirst();
    assertThat(run.resolve("checkpoints/step-0000002/manifest.json")).exists();
    assertThat(run.resolve("environment.json")).content().contains("\u0442\u0435\u043A\u0441\u0442.txt");
    assertThat(train.out()).contains("norma sample $'").contains("\\342\\200\\214");
    Launcher sample = bash(work, container, "sample", run.toString(), "--prompt", "\u043F\u0440\u0438", "--tokens",
        "1");
    assertThat(sample.out()).as(sample.err()).matches("\u043F\u0440\u0438[\u0430-\u044F \n]\n");
  }

  @Test
  void neitherCdpathNorAMissingHomeIsInTheWay() throws Exception {
    assertVersion(bash(folder, "cd /; env -i PATH=\"$PATH\" CDPATH=. \"${1#/}\" --version"));
  }

  @Test
  void aDumbTerminalGetsPlainLines() throws Exception {
    assumeThat(bash(folder, "command -v script").code()).as("script of util-linux is needed").isZero();
    assertThat(bash(folder, "export JDK_JAVA_OPTIONS=-XshowSettings:properties; "
        + "TERM=dumb script -qec \"'$1' --version\" /dev/null").out()).contains("norma.terminal = false");
  }

  /// As https://no-color.org asks for.
  @Test
  void aTerminalWithoutColoursGetsNone() throws Exception {
    assumeThat(bash(folder, "command -v script").code()).as("script of util-linux is needed").isZero();
    String seen = "unset NO_COLOR; TERM=xterm %s script -qec \"'$1' config optim.lr\" /dev/null";
    assertThat(bash(folder, seen.formatted("JDK_JAVA_OPTIONS=-XshowSettings:properties")).out())
        .contains("norma.terminal = true", "\u001B[1moptim.lr\u001B[0m");
    assertThat(bash(folder, seen.formatted("NO_COLOR=1")).out()).contains("optim.lr").doesNotContain("\u001B[");
  }

  @Test
  void whatCannotBePrintedIsAnErrorAndAReaderThatLeavesIsNone() throws Exception {
    Launcher full = bash(folder, "\"$1\" --help >/dev/full");
    assertThat(full.code()).isEqualTo(3);
    assertThat(full.err()).isEqualTo("norma: cannot write to standard output: No space left on device\n");
    Launcher closed = bash(folder, "\"$1\" --help | true; exit ${PIPESTATUS[0]}");
    assertThat(closed.err()).isEmpty();
    assertThat(closed.code()).isZero();
  }

  @Test
  void aCopyRunsItsOwnClassesAlsoBelowAPathWithAColon() throws Exception {
    Path copy = copy(Files.createDirectories(folder.resolve("a:b")));
    Launcher version = bash(folder, "export HOME=$PWD JDK_JAVA_OPTIONS=-XshowSettings:properties; " + SOME_LIMIT
        + "\"$2\" --version", copy.resolve("norma").toString());
    assertThat(version.code()).as(version.err()).isZero();
    assertThat(version.out()).isEqualTo("norma 0.1.0 (unknown)\n");
    String home = version.err().lines().map(String::strip).filter(line -> line.startsWith("norma.home = "))
        .findFirst().orElseThrow().substring("norma.home = ".length());
    assertThat(Path.of(home).toRealPath()).isEqualTo(copy.toRealPath());
    assertThat(version.err()).contains(home + "/train/target/norma-train.jar",
        home + "/models/target/norma-models.jar", home + "/framework/target/norma-framework.jar")
        .doesNotContain(Launcher.HOME.resolve("framework").toString(), Launcher.HOME.resolve("models").toString());
  }

  @Test
  void anInstallationThatMustBeBuiltAndCannotBeSaysWhyAndWhatToDo() throws Exception {
    Path copy = copy(folder);
    Files.writeString(copy.resolve("train/target/norma.classpath"), "/private/repository/picocli.jar");
    Files.writeString(copy.resolve("target"), "in the way, as a missing permission would be");
    Launcher refused = bash(folder, "\"$2\" --version", copy.resolve("norma").toString());
    assertThat(refused.code()).isEqualTo(2);
    assertThat(refused.err().lines().toList()).hasSize(1).first().asString()
        .startsWith(
            "norma: " + copy.toRealPath() + " must be built, since /private/repository/picocli.jar cannot be read")
        .contains("ask its owner");
  }

  @Test
  void aLimitOfAddressesThatIsTooLowIsOneLineBeforeAJvmStarts() throws Exception {
    Launcher refused = bash(folder, "ulimit -v 4000000; \"$1\" train");
    assertThat(refused.code()).isEqualTo(2);
    assertThat(refused.err()).isEqualTo("norma: virtual memory is limited to 4000000 KiB (ulimit -v); this takes at "
        + "least 8000000, of which most is only reserved: ulimit -v unlimited\n");
  }

  static void assertVersion(Launcher version) {
    assertThat(version.err()).isEmpty();
    assertThat(version.code()).isZero();
    assertThat(version.out()).startsWith("norma 0.1.0 (");
  }

  /// A script of bash: its first word is the launcher, then come the arguments.
  private static Launcher bash(Path directory, String script, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(
        List.of("bash", "-c", script, "bash", Launcher.HOME.resolve("norma").toString()));
    command.addAll(List.of(arguments));
    return Launcher.of(directory, Map.of(), command);
  }

  /// What `cp -r` leaves of a built checkout, without its sources.
  static Path copy(Path parent) throws IOException {
    Path copy = Files.createDirectory(parent.resolve("copy"));
    for (String file : List.of("norma", "pom.xml", "framework/pom.xml", "models/pom.xml", "train/pom.xml",
        "framework/target/norma-framework.jar", "models/target/norma-models.jar", "train/target/norma-train.jar",
        "train/target/norma.classpath")) {
      Path to = copy.resolve(file);
      Files.createDirectories(to.getParent());
      Files.copy(Launcher.HOME.resolve(file), to, StandardCopyOption.COPY_ATTRIBUTES);
    }
    for (String module : List.of("framework", "models", "train")) {
      Files.createDirectories(copy.resolve(module).resolve("src/main"));
    }
    Files.setLastModifiedTime(copy.resolve("train/target/norma.classpath"), FileTime.from(Instant.now()));
    return copy;
  }
}
