package norma.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `norma study --cluster`: what workers find that share no folder is what one machine finds, whatever dies.
class ClusterStudyTest {
  private static final String EXECUTOR = "CoarseGrainedExecutorBackend";
  private static final String RUN = "\n--cell\n";
  /// What the clock says, and the time in a run's name.
  private static final Set<String> DIFFERING = Set.of("seconds", "tokens_per_s", "peak_rss_mib", "seconds_to_baseline",
      "folder");

  @TempDir
  Path temp;

  private List<String> study(Path folder) throws IOException {
    Path text = Files.writeString(folder.resolve("a text.txt"),
        "the quick brown fox jumps over the lazy dog; 'twas said $of $$old. ".repeat(400));
    Files.writeString(folder.resolve("base.yaml"), """
        data: {corpus: "%s", val_fraction: 0.05}
        model: {layers: 1, heads: 2, width: 16, context: 16}
        optim: {warmup_steps: 2, decay_steps: 300}
        train: {steps: 300, batch: 8, eval_every: 100, eval_batches: 1, layers_every: 0, checkpoint_every: 20}
        """.formatted(text));
    Files.writeString(folder.resolve("tiny.yaml"), """
        base: base.yaml
        baseline: layernorm
        variants:
          layernorm: {}
          dyt: {model.norm.all: dyt}
        tune: {optim.lr: [1e-3, 3e-3]}
        tune_seeds: 1
        seeds: 4
        """);
    return List.of("study", "tiny.yaml", "model.dropout=0.1");
  }

  private static List<String> with(List<String> words, String... more) {
    return Stream.concat(words.stream(), Stream.of(more)).toList();
  }

  private static long results(Path study) throws IOException {
    if (!Files.isDirectory(study.resolve("cells"))) {
      return 0;
    }
    try (Stream<Path> files = Files.list(study.resolve("cells"))) {
      return files.filter(file -> file.toString().endsWith(".json")).count();
    }
  }

  private static void await(Path study, int results, Process process) throws Exception {
    while (process.isAlive() && results(study) < results) {
      Thread.sleep(20);
    }
  }

  private static List<String> table(Path study) throws IOException {
    List<String> lines = Files.readAllLines(study.resolve("results.csv"));
    List<String> names = List.of(lines.get(0).split(",", -1));
    return lines.stream().map(line -> {
      List<String> fields = List.of(line.split(",(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", -1)); // commas outside of quotes
      return IntStream.range(0, names.size()).filter(i -> !DIFFERING.contains(names.get(i))).mapToObj(fields::get)
          .collect(Collectors.joining(","));
    }).toList();
  }

  private static String summary(Path study) throws IOException {
    return Files.readString(study.resolve("summary.md")).replaceFirst("(?s)\n## Speed\n.*?(?=\n## )", "");
  }

  @Test
  void aRunAnExecutorAndAHungOneAreLostAndTheTablesAreThoseOfOneMachine() throws Exception {
    try (SparkCluster cluster = new SparkCluster(temp, "", 2, 1)) {
      List<String> words = study(cluster.user);
      Path study = cluster.user.resolve("studies/tiny");
      Process norma = cluster.norma("norma", with(words, "--cluster", cluster.master));
      SparkCluster.signal("KILL", cluster.below(1, RUN, norma)); // the task fails once
      await(study, 1, norma);
      ProcessHandle orphan = cluster.below(1, RUN, norma);
      SparkCluster.signal("KILL", cluster.below(1, EXECUTOR, norma));
      await(study, 6, norma);
      cluster.below(2, RUN, norma);
      ProcessHandle hung = cluster.below(2, EXECUTOR, norma);
      SparkCluster.signal("STOP", hung);
      assertThat(norma.waitFor()).as(cluster.err("norma") + cluster.out("norma")).isZero();
      SparkCluster.signal("KILL", hung);
      orphan.onExit().join(); // it has noticed that nobody waits for it
      assertThat(cluster.out("norma").lines().filter(line -> line.matches(" +\\d+/12 .*seed.*"))).hasSize(12);
      assertThat(study.resolve("cluster")).doesNotExist();
      List<String> found = table(study);
      String summary = summary(study);
      Files.move(cluster.user.resolve("studies"), temp.resolve("of-the-cluster"));
      assertThat(cluster.run("local", with(words, "--jobs", "2"))).as(cluster.err("local")).isZero();
      assertThat(found).isEqualTo(table(study)).hasSize(1 + 12);
      assertThat(summary).isEqualTo(summary(study)).contains("too few seeds to tell");
    }
  }
}
