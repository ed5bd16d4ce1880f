package norma.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import norma.train.cli.Outcome;
import norma.train.config.Assignment;
import norma.train.config.Node;
import norma.train.config.YamlReader;
import norma.train.files.ShellText;
import norma.train.files.Tree;
import norma.train.study.StudyFolder;
import norma.train.study.StudyReader;
import norma.train.study.StudyReport;
import norma.train.study.StudyWorker;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The jobs that are printed for clusters, run as their schedulers run them, find what a study on one machine finds. A scheduler starts the
/// words of a command as a process; here they come back to this JVM ([InterruptTest] starts such a process).
class ClusterTest {
  private static final Path RESULTS = Path.of("studies", "clustered");

  /// Everything that a shell, YAML or Kubernetes would take for its own.
  private static final String FORMULA = "model.norm.all={y: \"weight * tanh(alpha * x)\", alpha: 0.5}";

  @TempDir
  private Path temp;

  private Path file;
  private List<String> words;

  @BeforeEach
  void study() throws IOException {
    Tree.delete(RESULTS);
    Path text = Files.writeString(temp.resolve("it's \"$(HOME)\" $$, `a` text.txt"),
        "the quick brown fox jumps over the lazy dog. ".repeat(20));
    file = Files.writeString(temp.resolve("clustered.yaml"), """
        base:
          model: {layers: 1, heads: 2, width: 16, context: 12}
          optim: {warmup_steps: 2, decay_steps: 20}
          train: {steps: 6, batch: 3, eval_every: 3, eval_batches: 2, layers_every: 0, checkpoint_every: 0}
        baseline: one
        variants:
          one: {}
          two: {model.norm.final: layernorm}
        seeds: 2
        tune: {optim.lr: [1e-4, 1e-2]}
        tune_seeds: 1
        """);
    words = List.of(file.toString(), FORMULA, "data.corpus=" + text);
  }

  @AfterEach
  void leaveNothing() throws IOException {
    Tree.delete(RESULTS);
  }

  private Outcome norma(String... options) {
    List<String> command = new ArrayList<>(List.of("study"));
    command.addAll(words);
    command.addAll(List.of(options));
    return Outcome.of(command);
  }

  /// What one machine finds, in a folder that the others do not look into.
  private Path alone() throws IOException {
    StudyFolder folder = new StudyFolder(
        StudyReader.read(file, Assignment.parse(words.subList(1, words.size()))), temp.resolve("alone/clustered"));
    new StudyWorker(folder, OptionalInt.of(1), new AtomicBoolean()).run();
    StudyReport.write(folder, "norma study " + words.stream().map(ShellText::of).collect(Collectors.joining(" ")));
    return folder.path();
  }

  /// What a script starts in place of `norma`, under Slurm's variables.
  private List<String> slurm(String script, int task) throws Exception {
    Path stub = temp.resolve("norma");
    Files.writeString(stub, "#!/bin/bash\nprintf '%s\\0' \"$PWD\" \"$@\"\n");
    assertThat(stub.toFile().setExecutable(true)).isTrue();
    Path job = Files.writeString(temp.resolve("job.sh"),
        script.replace("exec " + Launcher.HOME.resolve("norma"), "exec " + stub));
    ProcessBuilder bash = new ProcessBuilder("bash", job.toString()).directory(temp.toFile());
    bash.environment().put("SLURM_ARRAY_TASK_ID", String.valueOf(task));
    Process process = bash.start();
    List<String> found = List
        .of(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).split("\0", -1));
    assertThat(process.waitFor()).isZero();
    assertThat(found.getFirst()).isEqualTo(Path.of("").toAbsolutePath().toString());
    return found.subList(1, found.size() - 1);
  }

  /// An indexed job starts the same words. In the second phase its first pods find their results.
  private void requireIndexed(int completions, String script) throws Exception {
    Node.Mapping job = YamlReader
        .read(Files.writeString(temp.resolve("job.yaml"), norma("--emit", "kubernetes").out()));
    assertThat(at(job, "apiVersion", "kind", "spec.completionMode", "spec.completions", "spec.parallelism",
        "metadata.generateName")).containsExactly("batch/v1", "Job", "Indexed", String.valueOf(completions),
            String.valueOf(completions), "norma-clustered-");
    for (int index = 0; index < completions; index++) {
      List<String> command = command(job, index);
      assertThat(command).startsWith("norma", "study").contains(FORMULA);
      assertThat(command.subList(1, command.size())).isEqualTo(slurm(script, index));
    }
  }

  @Test
  void aSlurmArrayAndAnIndexedJobFindWhatOneMachineFinds() throws Exception {
    String first = norma("--emit", "slurm").out();
    assertThat(first).startsWith("""
        #!/bin/bash
        #SBATCH --job-name=norma-clustered
        #SBATCH --array=0-3
        #SBATCH --cpus-per-task=1
        #SBATCH --requeue
        # 4 runs of clustered; 4 more, once""");
    assertThat(RESULTS).as("printing changes nothing").doesNotExist();
    norma("--cell", "4").refused(3, "the settings of run 4 are not chosen yet", "without a result: 0-3",
        "without settings yet: 4", "--emit slurm", "--cell 0");
    requireIndexed(4, first);
    for (int task : new int[]{ 2, 0, 3, 1 }) {
      Outcome.ok(slurm(first, task));
    }
    String second = norma("--emit", "slurm").out();
    assertThat(second).contains("#SBATCH --array=4-7\n", "# 4 runs of clustered\n");
    requireIndexed(8, second);
    for (int task : new int[]{ 7, 4 }) {
      Outcome.ok(slurm(second, task));
    }
    Outcome gathered = norma("--gather");
    assertThat(gathered.code()).isEqualTo(3);
    assertThat(gathered.out()).contains("report   studies/clustered/report.html");
    assertThat(gathered.err()).contains("2 of 8 runs are left; without a result: 5-6; ").hasLineCount(1);
    assertThat(norma("--emit", "slurm").out()).contains("#SBATCH --array=5-6\n");
    for (int task : new int[]{ 6, 5, 5 }) { // a task that is started again finds its result
      Outcome.ok(slurm(second, task));
    }
    assertThat(norma("--gather").code()).isZero();
    Path alone = alone(); // the same to the byte but for what the clock says, and where a run lies
    assertThat(RESULTS.resolve("summary.md")).hasSameTextualContentAs(alone.resolve("summary.md"));
    assertThat(StudyTest.losses(RESULTS)).isEqualTo(StudyTest.losses(alone)).hasSize(1 + 8);
    norma("--emit", "slurm").refused(3, "all 8 runs have ended", "--gather");
  }

  private static List<String> at(Node.Mapping root, String... paths) {
    return List.of(paths).stream().map(path -> {
      Node node = root;
      for (String key : path.split("\\.", -1)) {
        node = node instanceof Node.Sequence list
            ? list.items().get(Integer.parseInt(key))
            : Objects.requireNonNull(((Node.Mapping) node).get(key));
      }
      return ((Node.Scalar) node).text();
    }).toList();
  }

  /// As a kubelet starts it: `$(NAME)` is a variable, two dollar signs are one, any other is itself.
  private static List<String> command(Node.Mapping job, int index) {
    Node.Mapping spec = (Node.Mapping) Objects.requireNonNull(job.get("spec"));
    Node containers = Objects.requireNonNull(((Node.Mapping) Objects
        .requireNonNull(((Node.Mapping) Objects.requireNonNull(spec.get("template"))).get("spec"))).get("containers"));
    Node.Mapping container = (Node.Mapping) ((Node.Sequence) containers).items().getFirst();
    Map<String, String> variables = Map.of("JOB_COMPLETION_INDEX", String.valueOf(index), "HOME", "/root");
    return ((Node.Sequence) Objects.requireNonNull(container.get("command"))).items().stream()
        .map(word -> java.util.regex.Pattern.compile("\\$(?:(\\$)|\\((\\w+)\\))").matcher(((Node.Scalar) word).text())
            .replaceAll(found -> java.util.regex.Matcher.quoteReplacement(
                found.group(1) != null ? "$" : variables.getOrDefault(found.group(2), found.group()))))
        .toList();
  }

  @Test
  void aRunThatFailsIsNamedAndPrintedAgain() throws Exception {
    Files.writeString(file, Files.readString(file).replaceFirst("two: \\{.*", "short: {data.train_fraction: 0.01}")
        .replaceFirst("(?s)tune: .*", ""));
    Outcome failed = norma("--cell", "1");
    assertThat(failed.code()).isEqualTo(3);
    assertThat(failed.err()).contains("run 1 failed: model.context is 12 but the training split has only 8 tokens");
    Outcome done = norma("--cell", "0");
    assertThat(done.out()).as(done.err()).contains("run 0 of 4", "seed 1", "best ");
    assertThat(done.code()).isZero();
    Outcome gathered = norma("--gather");
    assertThat(gathered.err())
        .contains("3 of 4 runs are left; without a result: 2-3; failed: 1 (1: model.context is 12");
    assertThat(RESULTS.resolve("results.csv")).content().contains(",failed,", ",completed,");
    assertThat(norma("--emit", "slurm").out()).contains("--array=1-3\n");
  }

  @Test
  void whatCannotBeIsOneLine() throws Exception {
    norma("--cell", "8").refused(2, "norma: --cell is 8; expected 0 to 7, of clustered's 8 runs\n");
    assertThat(norma("--emit", "pbs").err()).contains("--emit", "slurm, kubernetes").hasLineCount(1);
    assertThat(norma("--cell", "1", "--gather").err()).contains("mutually exclusive").hasLineCount(1);
    assertThat(norma("--gather").err()).contains("studies/clustered is not there").hasLineCount(1);
    List<String> command = slurm(norma("--emit", "slurm").out(), 0);
    Files.writeString(file, Files.readString(file).replace("seeds: 2", "seeds: 3"));
    Outcome.of(command).refused(3, "was changed since the study was started");
    Files.writeString(file, Files.readString(file) + "budget: {seconds: 1}\n");
    assertThat(norma("--cell", "0").err()).contains("the budget of clustered is in seconds", "--plan").hasLineCount(1);
    assertThat(RESULTS).doesNotExist();
  }
}
