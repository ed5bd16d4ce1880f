package norma.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A cluster that asks for a secret, a study on it that is interrupted, and Norma that travels.
class ClusterSecretTest {
  private static final String RUN = "\n--cell\n";

  @TempDir
  Path temp;

  /// A release's archive, but for its content: the launcher that is tested, or none.
  private Path archive(boolean withNorma) throws Exception {
    Path folder = Files.createDirectories(temp.resolve("release-" + withNorma + "/norma-1"));
    Files.writeString(folder.resolve("README.md"), "");
    if (withNorma) {
      Path launcher = folder.resolve("norma");
      Files.writeString(launcher, "#!/bin/bash\nexec '" + SparkCluster.NORMA + "' \"$@\"\n");
      assertThat(launcher.toFile().setExecutable(true)).isTrue();
    }
    Path archive = temp.resolve("norma-" + withNorma + ".tar.gz");
    assertThat(
        new ProcessBuilder("tar", "-czf", archive.toString(), "-C", temp.resolve("release-" + withNorma).toString(),
            "norma-1").start().waitFor())
        .isZero();
    return archive;
  }

  private static List<String> shipping(List<String> words, Path archive) {
    return Stream.concat(words.stream(), Stream.of("--ship", archive.toString())).toList();
  }

  /// Names of the runs with a checkpoint, on workers.
  private List<String> begun() throws IOException {
    try (Stream<Path> files = Files.walk(temp.resolve("worker-1/tmp"))) {
      return files.filter(file -> file.endsWith("manifest.json"))
          .map(file -> file.resolve("../../..").normalize().getFileName().toString()).toList();
    } catch (UncheckedIOException e) {
      return List.of(); // a file has gone meanwhile
    }
  }

  @Test
  void anInterruptedRunGoesOnWhereItWasAndOnlyForThoseWhoKnowTheSecret() throws Exception {
    String secret = UUID.randomUUID().toString();
    String conf = "spark.authenticate true\nspark.authenticate.secret " + secret
        + "\nspark.network.crypto.enabled true\n";
    try (SparkCluster cluster = new SparkCluster(temp, conf, 1, 1)) {
      Files.writeString(cluster.user.resolve("one.yaml"), """
          base:
            model: {layers: 1, heads: 2, width: 16, context: 16}
            train: {steps: 3000, batch: 4, eval_every: 3000, eval_batches: 1, layers_every: 0, checkpoint_every: 300}
          variants: {one: {}}
          seeds: 1
          """);
      List<String> words = List.of("study", "one.yaml", "--cluster", cluster.master);
      Process norma = cluster.norma("interrupted", shipping(words, archive(true)));
      ProcessHandle run = cluster.below(1, RUN, norma);
      while (norma.isAlive() && begun().isEmpty()) {
        Thread.sleep(50);
      }
      assertThat(cluster.everything()).isNotEmpty().noneMatch(text -> text.contains(secret));
      assertThat(SparkCluster.environment(run, "_SPARK_AUTH_SECRET")).isEmpty();
      SparkCluster.signal("INT", norma.toHandle());
      assertThat(norma.waitFor()).as(cluster.err("interrupted")).isEqualTo(130);
      assertThat(cluster.out("interrupted")).contains("goes on with: ", "--cluster " + cluster.master + " --ship ");
      run.onExit().join();
      String name = begun().get(0);

      cluster.configure(conf.replace(secret, "another"));
      assertThat(cluster.run("stranger", words)).isEqualTo(3);
      assertThat(cluster.err("stranger")).contains("has not taken the application", "spark.authenticate")
          .hasLineCount(1);

      cluster.configure(conf);
      assertThat(cluster.run("nothing", shipping(words, archive(false)))).isEqualTo(3);
      assertThat(cluster.err("nothing")).contains("has no norma; expected").hasLineCount(1);

      assertThat(cluster.run("again", words)).as(cluster.err("again")).isZero();
      Path runs = cluster.user.resolve("studies/one/runs");
      try (Stream<Path> files = Files.walk(runs)) {
        assertThat(
            files.filter(file -> file.endsWith("metrics.jsonl"))
                .map(file -> runs.relativize(file).getName(1).toString()))
            .containsExactly(name);
      }
      assertThat(begun()).isEmpty();
    }
  }
}
