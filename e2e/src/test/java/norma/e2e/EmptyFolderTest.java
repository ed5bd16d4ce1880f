package norma.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import norma.train.files.ShellText;
import norma.train.files.Tree;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `docs/library.md`, done by the letter in an empty folder. The modules are in a Maven repository of the test's own, as `install` would
/// lay them; everything else is in the one that this build has. What the page shows besides, examples runs. A release must pass it:
/// `./mvnw -Prelease verify`.
@Tag("release")
class EmptyFolderTest {
  private static final Path REPOSITORY = Path.of(System.getProperty("norma.repository"));
  private static final String VERSION = System.getProperty("norma.version");

  @TempDir
  private Path folder;
  private String page = "";

  @BeforeEach
  void install() throws IOException {
    page = Files.readString(Launcher.HOME.resolve("docs/library.md"));
    copy("norma", Launcher.HOME.resolve("pom.xml"), "pom");
    for (String module : List.of("framework", "models", "train")) {
      Path built = Launcher.HOME.resolve(module);
      copy("norma-" + module, built.resolve("pom.xml"), "pom");
      copy("norma-" + module, built.resolve("target/norma-" + module + ".jar"), "jar");
    }
    Path mvn = Files.createDirectories(folder.resolve("bin")).resolve("mvn");
    Files.writeString(mvn,
        String.format("#!/bin/sh%nexec %s -o -B -Dmaven.repo.local=%s -Dmaven.repo.local.tail=%s \"$@\"%n",
            ShellText.of(Launcher.HOME.resolve("mvnw").toString()),
            ShellText.of(folder.resolve("repository").toString()),
            ShellText.of(REPOSITORY.toString())));
    assertThat(mvn.toFile().setExecutable(true)).isTrue();
  }

  private void copy(String artifact, Path file, String type) throws IOException {
    Path at = folder.resolve("repository/io/github/norma-training").resolve(artifact).resolve(VERSION)
        .resolve(artifact + "-" + VERSION + "." + type);
    Files.createDirectories(Objects.requireNonNull(at.getParent()));
    Files.copy(file, at);
  }

  /// The first block of a language after some words.
  private String block(String after, String language) {
    Matcher block = Pattern.compile("```" + language + "\n(.*?)```", Pattern.DOTALL).matcher(page);
    assertThat(block.find(page.indexOf(after))).as(after).isTrue();
    return block.group(1);
  }

  /// What the last of some commands prints.
  private String output(Path project, String commands) throws Exception {
    for (String command : commands.lines().toList()) {
      Launcher started = Launcher.of(project, Map.of("PATH", folder.resolve("bin") + ":"
          + System.getProperty("java.home") + "/bin:/usr/bin:/bin"), List.of("/bin/sh", "-ec", command));
      assertThat(started.code()).as(started.err() + started.out()).isZero();
    }
    return Files.readString(project.resolve("out.txt"));
  }

  private static List<String> names(Path folder) throws IOException {
    return Tree.list(folder).stream().map(file -> file.getFileName().toString()).toList();
  }

  @Test
  void thePageLeadsFromAnEmptyFolderToGradientsAndToATrainedModel() throws Exception {
    Path project = Files.createDirectory(folder.resolve("first"));
    Files.writeString(project.resolve("pom.xml"), block("`pom.xml`", "xml"));
    Files.writeString(project.resolve("First.java"), block("`First.java`", "java"));
    String commands = block("`First.java`", "sh");
    assertThat(output(project, commands).lines()).anyMatch(line -> line.matches("loss [0-9.]+"))
        .anyMatch(line -> line.matches("gradient of norm\\.alpha \\[-?[0-9.E-]+]"));
    assertThat(Files.readString(project.resolve("err.txt")).lines()).as("what Java says of its options")
        .noneMatch(line -> line.startsWith("WARNING"));
    List<String> jars = names(project.resolve("target/dependency"));
    Stream.of(System.getProperty("java.class.path").split(":")).map(entry -> Path.of(entry).getFileName().toString())
        .filter(name -> name.startsWith("commons-io") || name.startsWith("nd4j") || name.startsWith("slf4j-api"))
        .forEach(name -> assertThat(jars).as("a project gets what this build has").contains(name));
    assertThat(jars).as("what Norma leaves out").noneMatch(name -> name.matches("(oshi|jackson-1|neoit|flatb).*"));

    Files.writeString(project.resolve("pom.xml"), block("`pom.xml`", "xml").replace("norma-framework", "norma-train"));
    Files.writeString(project.resolve("Train.java"), block("`Train.java`", "java"));
    assertThat(output(project, commands.replace("First.java", "Train.java")).lines())
        .anyMatch(line -> line.matches("step 20  loss [0-9.]+")).last().asString().startsWith("validation loss ");
    assertThat(names(project.resolve("runs"))).hasSize(1);
  }
}
