package norma.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A master and two workers of Spark, each a process of its own on this machine, with one core and one executor each.
class SparkTasksTest {
  private static final Path HOME = Path.of(System.getProperty("norma.home"));
  /// An installation of Spark, of the jars that this test has.
  private static final Path SPARK = HOME.resolve("cluster/target/spark");

  @TempDir
  Path temp;

  private final List<Process> cluster = new ArrayList<>();
  private String master = "";

  @BeforeEach
  void start() throws Exception {
    Path jars = Files.createDirectories(SPARK.resolve("jars"));
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      Path link = jars.resolve(Path.of(entry).getFileName());
      if (entry.endsWith(".jar") && !Files.exists(link)) {
        Files.createSymbolicLink(link, Path.of(entry));
      }
    }
    Files.writeString(Files.createDirectories(SPARK.resolve("conf")).resolve("spark-defaults.conf"), """
        spark.ui.enabled false
        spark.executor.memory 500m
        spark.driver.host 127.0.0.1
        """);
    Files.writeString(Files.createDirectories(temp.resolve("bin")).resolve("spark-submit"), """
        #!/bin/bash
        exec %s -Xmx600m -cp '%s/*' org.apache.spark.deploy.SparkSubmit "$@"
        """.formatted(java(), jars)).toFile().setExecutable(true);
    Process first = daemon("master", "org.apache.spark.deploy.master.Master", "--host", "127.0.0.1", "--port", "0",
        "--webui-port", "0");
    master = said(first, "master", "Starting Spark master at (spark://\\S+)");
    for (String name : List.of("worker-1", "worker-2")) {
      Process worker = daemon(name, "org.apache.spark.deploy.worker.Worker", "--host", "127.0.0.1", "--webui-port", "0",
          "--cores", "1", "--memory", "600m", "--work-dir", temp.resolve(name).toString(), master);
      said(worker, name, "(Successfully registered)");
    }
  }

  @AfterEach
  void end() throws Exception {
    for (Process process : cluster) {
      kill(process);
    }
  }

  private static String java() {
    return Path.of(System.getProperty("java.home"), "bin", "java").toString();
  }

  private Process daemon(String name, String... words) throws IOException {
    List<String> command = new ArrayList<>(List.of(java(), "-Xmx300m", "-cp", SPARK.resolve("jars") + "/*"));
    command.addAll(List.of(words));
    Process process = start(name, command);
    cluster.add(process);
    return process;
  }

  private Process start(String name, List<String> command) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).directory(temp.toFile())
        .redirectOutput(temp.resolve(name + ".out").toFile()).redirectError(temp.resolve(name + ".err").toFile());
    builder.environment().putAll(java.util.Map.of("SPARK_HOME", SPARK.toString(), "SPARK_LOCAL_IP",
        "127.0.0.1", "SPARK_SCALA_VERSION", "2.13", "PATH", temp.resolve("bin") + ":" + System.getenv("PATH")));
    return builder.start();
  }

  /// Waits until a process has logged what matches.
  private String said(Process process, String name, String pattern) throws Exception {
    while (true) {
      var found = java.util.regex.Pattern.compile(pattern).matcher(Files.readString(temp.resolve(name + ".err")));
      if (found.find()) {
        return found.group(1);
      }
      assertThat(process.isAlive()).as(Files.readString(temp.resolve(name + ".err"))).isTrue();
      Thread.sleep(50);
    }
  }

  /// A machine that loses its power.
  private static void kill(Process process) throws InterruptedException {
    List<ProcessHandle> all = process.descendants().toList();
    process.destroyForcibly().waitFor();
    all.forEach(ProcessHandle::destroyForcibly);
  }

  /// The exit code of a command that is expected to end.
  private int run(String name, String... command) throws Exception {
    return start(name, List.of(command)).waitFor();
  }

  private String read(String file) throws IOException {
    return Files.readString(temp.resolve(file));
  }

  @Test
  void whatIsKilledIsTriedAgainAndWhatFailsIsNot() throws Exception {
    Path cell = Files.writeString(temp.resolve("cell"), """
        #!/bin/bash
        echo begun >> begun.$2
        case $2 in
          1) echo 'norma: run 1 failed: no such text'; exit 3 ;;
          2) [ $(wc -l < begun.2) -gt 1 ] || kill -KILL $$ ;;
          5) kill -KILL $$ ;;
        esac
        echo "$1 $2"
        """);
    assertThat(cell.toFile().setExecutable(true)).isTrue();
    int code = run("submit", temp.resolve("bin/spark-submit").toString(), "--master", master, "--class",
        SparkTasks.class.getName(),
        HOME.resolve("cluster/target/norma-cluster.jar").toString(), temp.toString(), "0-2,5", "./cell", "it's $2");
    assertThat(read("submit.out").lines()).as(read("submit.err")).containsExactly("it's $2 0",
        "norma: run 1 failed: no such text", "it's $2 2", "run 5: exit code 137");
    assertThat(code).isEqualTo(3);
    assertThat(List.of(1, 2, 5)).extracting(n -> read("begun." + n).lines().count()).containsExactly(1L, 2L, 4L);
  }

  @Test
  void aStudyWhoseWorkerDiesFindsWhatOneMachineFinds() throws Exception {
    Files.writeString(temp.resolve("tiny.yaml"), """
        base:
          data: {corpus: "builtin:macbeth", val_fraction: 0.02}
          model: {layers: 1, heads: 2, width: 16, context: 16}
          train: {steps: 150, batch: 4, eval_every: 50, eval_batches: 1, layers_every: 0, checkpoint_every: 50}
        baseline: layernorm
        variants:
          layernorm: {}
          dyt: {model.norm.all: dyt}
        seeds: 2
        """);
    String norma = HOME.resolve("norma").toString();
    assertThat(run("emit", norma, "study", "tiny.yaml", "--emit", "spark")).as(read("emit.err")).isZero();
    Process submit = start("submit", List.of("bash", temp.resolve("emit.out").toString(), "--master", master));
    cluster.add(submit);
    while (submit.isAlive() && results().isEmpty()) {
      Thread.sleep(20);
    }
    kill(cluster.get(1)); // with the executor and the run on it
    assertThat(submit.waitFor()).as(read("submit.err")).isZero();
    assertThat(run("gather", norma, "study", "tiny.yaml", "--gather")).as(read("gather.err")).isZero();
    List<String> found = losses();
    Files.move(temp.resolve("studies"), temp.resolve("of-the-cluster"));
    assertThat(run("local", norma, "study", "tiny.yaml", "--jobs", "2")).as(read("local.err")).isZero();
    assertThat(found).isEqualTo(losses()).hasSize(5);
  }

  private List<Path> results() throws IOException {
    Path cells = temp.resolve("studies/tiny/cells");
    if (!Files.isDirectory(cells)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(cells)) {
      return files.filter(file -> file.toString().endsWith(".json")).toList();
    }
  }

  /// The first columns of each run, up to its number of steps; what follows is time.
  private List<String> losses() throws IOException {
    return read("studies/tiny/results.csv").lines()
        .map(line -> String.join(",", Arrays.asList(line.split(",", -1)).subList(0, 13))).toList();
  }
}
