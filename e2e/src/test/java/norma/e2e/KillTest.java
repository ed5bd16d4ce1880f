package norma.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Locale;
import java.util.Random;
import norma.train.cli.Outcome;
import norma.train.files.Tree;
import norma.train.run.Runs;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A run that is killed once, twice or three times (SIGKILL) at random moments and resumed each time ends like the undisturbed one.
/// What is killed is a process; the undisturbed run and the last resumption are this JVM's.
/// `-Dnorma.kills=1000` kills so often; see `bench/kill-test`.
class KillTest {
  private static final int KILLS = Integer.getInteger("norma.kills", 2);
  /// A second, of which checkpoints are a large part: it also rolls back, evaluates, samples, probes and deletes checkpoints.
  private static final List<String> SETTINGS = List.of("configs/tiny.yaml", "data.val_fraction=0.005", "model.layers=1",
      "model.width=16", "model.context=16", "train.steps=60", "train.batch=2", "train.log_every=3",
      "train.eval_every=15", "train.eval_batches=1", "train.sample_every=0", "train.checkpoint_every=2",
      "train.keep_checkpoints=2", "train.layers_every=10", "train.norm_every=10", "model.dropout=0.1",
      "model.norm.all=dyisru");

  @TempDir
  private Path folder;
  private final Random random = new Random(Long.getLong("norma.seed", 1));
  private int killed;
  private int inWrites;
  private int beforeTheFirst;
  private int trainingMillis;

  @Test
  void aKilledRunEndsLikeTheUndisturbedOne() throws Exception {
    Path undisturbed = undisturbed();
    long start = System.nanoTime();
    int runs = 0;
    while (killed < KILLS) {
      Path directory = Files.createDirectory(folder.resolve("run-" + runs++));
      Path run = killedAndResumed(directory, 1 + random.nextInt(3));
      assertThat(Runs.withoutTimes(run.resolve("metrics.jsonl"))).as("metrics of run %d", runs)
          .isEqualTo(Runs.withoutTimes(undisturbed.resolve("metrics.jsonl")));
      assertThat(last(run).resolve("model.safetensors")).as("weights of run %d", runs)
          .hasSameBinaryContentAs(last(undisturbed).resolve("model.safetensors"));
      assertThat(run.resolve("sample.txt")).hasSameBinaryContentAs(undisturbed.resolve("sample.txt"));
      Tree.delete(directory);
      if (runs % 10 == 0 || killed >= KILLS) {
        String line = String.format(Locale.ROOT,
            "%d kills of %d runs, %d inside a checkpoint's write, %d before the first checkpoint, %.0f s%n", killed,
            runs, inWrites, beforeTheFirst, (System.nanoTime() - start) / 1e9);
        Files.writeString(Launcher.HOME.resolve("e2e/target/kill-test.txt"), line);
      }
    }
  }

  private Path undisturbed() throws Exception {
    Path directory = Files.createDirectory(folder.resolve("undisturbed"));
    Outcome.ok(arguments(directory));
    Path run = onlyRun(directory);
    trainingMillis = (int) Math.max(20, Files.getLastModifiedTime(last(run)).toMillis()
        - Files.getLastModifiedTime(run.resolve("config.yaml")).toMillis());
    return run;
  }

  private Path killedAndResumed(Path directory, int kills) throws Exception {
    for (int kill = 0; kill < kills; kill++) {
      kill(directory); // no harm if it was at its end before
    }
    Outcome.ok(arguments(directory));
    return onlyRun(directory);
  }

  /// Goes on where there is a run, else starts one.
  private static List<String> arguments(Path directory) throws IOException {
    Path run = onlyRunIfAny(directory);
    if (!Files.exists(run.resolve("config.yaml"))) {
      Tree.delete(directory.resolve("runs"));
      List<String> train = new ArrayList<>(SETTINGS);
      train.addFirst("train");
      train.add("output.dir='" + directory.resolve("runs") + "'");
      return train;
    }
    return List.of("train", "--resume", run.toString());
  }

  private void kill(Path directory) throws Exception {
    List<String> command = new ArrayList<>(List.of(Launcher.HOME.resolve("norma").toString()));
    command.addAll(arguments(directory));
    List<String> before = checkpoints(directory);
    Process process = Launcher.start(directory, Map.of(), command);
    try {
      if (random.nextInt(10) == 0) {
        Thread.sleep(random.nextInt(2 * trainingMillis)); // anywhere in the start too
      } else {
        awaitCheckpoint(process, directory, before);
        Thread.sleep(random.nextInt(trainingMillis));
      }
      if (process.isAlive()) {
        killed++;
        process.destroyForcibly();
        process.waitFor();
        List<String> after = checkpoints(directory);
        beforeTheFirst += after.isEmpty() ? 1 : 0;
        inWrites += after.stream().anyMatch(name -> name.startsWith(".")) ? 1 : 0;
      }
    } finally {
      Launcher.end(process);
    }
  }

  /// Until this start has begun a checkpoint.
  private static void awaitCheckpoint(Process process, Path directory, List<String> before) throws Exception {
    while (process.isAlive() && checkpoints(directory).equals(before)) {
      Thread.sleep(2);
    }
  }

  /// Names in the folder of checkpoints, those of files that are being written too.
  private static List<String> checkpoints(Path directory) throws IOException {
    return Runs.names(onlyRunIfAny(directory).resolve("checkpoints"));
  }

  private static Path onlyRun(Path directory) throws IOException {
    List<Path> all = Tree.list(directory.resolve("runs"));
    assertThat(all).hasSize(1);
    return all.getFirst();
  }

  private static Path onlyRunIfAny(Path directory) throws IOException {
    return Tree.list(directory.resolve("runs")).stream().findFirst().orElse(directory);
  }

  private static Path last(Path run) throws IOException {
    return Tree.list(run.resolve("checkpoints")).getLast();
  }
}
