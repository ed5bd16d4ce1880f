package norma.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `norma train --cluster`: who computes the parts of a step, and who dies over it, changes no weight.
class ClusterTrainTest {
  private static final String JOIN = "\njoin\n";

  @TempDir
  Path temp;

  private Path train(SparkCluster cluster, String name, int workers) throws Exception {
    List<String> words = new ArrayList<>(List.of("train", "base.yaml", "output.dir=" + name));
    if (workers > 0) {
      words.addAll(List.of("--cluster", cluster.master, "--workers", String.valueOf(workers)));
    }
    Process norma = cluster.norma(name, words);
    Path runs = cluster.user.resolve(name);
    if (workers > 0) {
      while (norma.isAlive() && steps(runs) < 3) {
        Thread.sleep(20);
      }
      SparkCluster.signal("STOP", norma.toHandle()); // or it would be done before anybody has started
      List<ProcessHandle> joins = cluster.all(JOIN, workers, norma);
      SparkCluster.signal("CONT", norma.toHandle());
      while (norma.isAlive()
          && cluster.out(name).lines().filter(line -> line.contains("has joined")).count() < workers) {
        Thread.sleep(20);
      }
      int step = steps(runs);
      while (norma.isAlive() && steps(runs) < step + 2) {
        Thread.sleep(5);
      }
      String secret = SparkCluster.environment(joins.get(0), "NORMA_SECRET");
      assertThat(secret).hasSize(64);
      assertThat(cluster.everything()).noneMatch(said -> said.contains(secret));
      SparkCluster.signal("KILL", joins.get(0));
    }
    assertThat(norma.waitFor()).as(cluster.err(name) + cluster.out(name)).isZero();
    try (Stream<Path> files = Files.walk(runs)) {
      return files.filter(file -> file.endsWith("step-0000060/model.safetensors")).findFirst().orElseThrow();
    }
  }

  /// How many are logged.
  private static int steps(Path runs) throws IOException {
    if (!Files.exists(runs)) {
      return 0;
    }
    try (Stream<Path> files = Files.walk(runs)) {
      Path log = files.filter(file -> file.endsWith("metrics.jsonl")).findFirst().orElse(runs.resolve("none"));
      return Files.exists(log)
          ? (int) Files.readString(log).lines().filter(line -> line.contains("\"step\"")).count()
          : 0;
    }
  }

  @Test
  void weightsAreTheSameWithTwoAndWithFourWhoJoinAndOneOfThemIsKilledInMidStep() throws Exception {
    try (SparkCluster cluster = new SparkCluster(temp, "", 2, 2)) {
      Path text = Files.writeString(cluster.user.resolve("a text.txt"),
          "the quick brown fox jumps over the lazy dog. ".repeat(2000));
      Files.writeString(cluster.user.resolve("base.yaml"),
          """
              data: {corpus: "%s"}
              model: {layers: 2, heads: 2, width: 64, context: 64}
              optim: {warmup_steps: 2, decay_steps: 60}
              train: {steps: 60, batch: 16, accumulate: 4, log_every: 1, eval_every: 60, eval_batches: 1, layers_every: 0, checkpoint_every: 60}
              runtime: {threads: 1}
              """
              .formatted(text));
      Path alone = train(cluster, "alone", 0);
      for (int workers : new int[]{ 2, 4 }) {
        String name = "with-" + workers;
        assertThat(train(cluster, name, workers)).as(cluster.out(name)).hasSameBinaryContentAs(alone);
        assertThat(cluster.out(name)).contains("is lost at step").doesNotContain("nobody else joins");
      }
    }
  }
}
