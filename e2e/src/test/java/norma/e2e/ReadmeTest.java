package norma.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import norma.train.cli.Outcome;
import norma.train.files.Tree;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Every `./norma` line of the README and of the guides runs, in this JVM where the line is nothing but that. Training is cut short, of a
/// small model and on the shorter text, and of a study to its first run ([StudyTest] has whole ones); run folders are those just made.
class ReadmeTest {
  private static final List<String> SHORT = List.of("train.steps=2", "train.eval_batches=1",
      "data.corpus=builtin:macbeth", "data.val_fraction=0.001", "train.batch=2", "model.layers=1", "model.heads=2",
      "model.width=32", "model.context=16");

  /// A profile takes its time to measure; [CommandsTest] has it with smaller settings. Watching ends at Ctrl-C; InterruptTest has it. The
  /// doctor measures, too; [StartTest] asks it.
  private static final List<String> ELSEWHERE = List.of("./norma profile", "./norma watch", "./norma doctor");

  /// In a table.
  private static final Pattern EXPORT = Pattern.compile("^\\| .*`(\\./norma export [^`]+)`");

  private static final Pattern LINK = Pattern.compile("\\]\\((?!https?:)([^)#]+)\\)");

  @TempDir
  private Path folder;

  @Test
  void everyCommandOfTheDocumentationRuns() throws Exception {
    List<String> commands = new ArrayList<>();
    for (String page : List.of("README.md", "docs/your-own-norm.md")) {
      Files.readString(Launcher.HOME.resolve(page)).lines().map(String::strip)
          .flatMap(line -> Stream.concat(Stream.of(line), EXPORT.matcher(line).results().map(found -> found.group(1))))
          .filter(line -> line.startsWith("./norma ") || line.startsWith("NORMA_CLASSPATH=")).forEach(commands::add);
    }
    assertThat(commands).hasSizeGreaterThan(6);
    Tree.delete(Path.of("studies/norms-quick")); // of an earlier build
    Files.createSymbolicLink(folder.resolve("norma"), Launcher.HOME.resolve("norma"));
    Files.createSymbolicLink(folder.resolve("examples"), Launcher.HOME.resolve("examples"));
    for (String line : commands) {
      String command = line.replaceAll("\\s+#.*", "");
      if (ELSEWHERE.stream().anyMatch(command::startsWith)) {
        continue;
      }
      command = replaceRuns(command);
      command += command.contains(" train") || command.contains(" study") ? " " + String.join(" ", SHORT) : "";
      command += command.contains("--plan") ? " --jobs 1" : command.contains(" study") ? " --cell 0" : "";
      command += command.contains(" norms \"") ? " --out '" + folder.resolve("norm.svg") + "'" : "";
      command += command.contains(" train") ? " \"output.dir='" + folder.resolve("runs") + "'\"" : "";
      if (command.startsWith("./norma ")) {
        Outcome outcome = Outcome.of(words(command));
        assertThat(outcome.code()).as(command + "\n" + outcome.err()).isZero();
      } else {
        Launcher started = Launcher.of(folder, Map.of(), List.of("/bin/bash", "-c", command));
        assertThat(started.code()).as(command + "\n" + started.err()).isZero();
      }
    }
  }

  /// What the shell makes of a line, without the command.
  private List<String> words(String command) throws Exception {
    Launcher shell = Launcher.of(folder, Map.of(), List.of("/bin/bash", "-c", "printf '%s\\0' " + command));
    assertThat(shell.code()).isZero();
    List<String> words = List.of(shell.out().split("\0"));
    return words.subList(1, words.size());
  }

  /// `runs/NAME` stands for a run that the commands before have made: the oldest, then the next.
  private String replaceRuns(String command) throws Exception {
    List<Path> runs = Tree.list(folder.resolve("runs"));
    if (runs.isEmpty()) {
      return command;
    }
    StringBuilder result = new StringBuilder();
    int next = 0;
    List<String> words = List.of(command.split(" ", -1));
    for (String word : words) {
      boolean isRun = word.startsWith("runs/");
      result.append(isRun ? runs.get(Math.min(next++, runs.size() - 1)).toString() : word).append(' ');
    }
    assertThat(next).as("runs that %s needs", command).isLessThanOrEqualTo(runs.size());
    return result.toString().strip();
  }

  @Test
  void everyRelativeLinkOfTheDocumentationLeadsSomewhere() throws Exception {
    List<Path> pages = new ArrayList<>(List.of(Launcher.HOME.resolve("README.md")));
    try (Stream<Path> docs = Files.walk(Launcher.HOME.resolve("docs"))) {
      docs.filter(path -> path.toString().endsWith(".md")).forEach(pages::add);
    }
    for (Path page : pages) {
      Matcher links = LINK.matcher(Files.readString(page));
      while (links.find()) {
        assertThat(page.resolveSibling(links.group(1)).normalize()).as(page.toString()).exists();
      }
    }
  }
}
