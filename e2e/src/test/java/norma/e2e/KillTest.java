package norma.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A run that is killed once, twice or three times (SIGKILL) at random moments and resumed each time ends like the undisturbed one.
/// `-Dnorma.kills=1000` kills so often; see `bench/kill-test`.
class KillTest {
  private static final int KILLS = Integer.getInteger("norma.kills", 6);
  /// A second, of which checkpoints are a large part: it also rolls back, evaluates, samples, probes and deletes checkpoints.
  private static final List<String> SETTINGS = List.of("configs/tiny.yaml", "data.val_fraction=0.02", "model.layers=1",
      "model.width=16", "model.context=16", "train.steps=60", "train.batch=2", "train.log_every=3",
      "train.eval_every=15", "train.eval_batches=1", "train.sample_every=0", "train.checkpoint_every=2",
      "train.keep_checkpoints=2", "train.layers_every=10", "train.norm_every=10", "model.dropout=0.1",
      "model.norm.all=dyisru");
  private static final int START_MILLIS = 400; // about when a run's folder appears

  @TempDir
  private Path folder;
  private final Random random = new Random(Long.getLong("norma.seed", 1));
  private int killed;
  private int inWrites;
  private int beforeTheFirstStep;

  @Test
  void aKilledRunEndsLikeTheUndisturbedOne() throws Exception {
    Path undisturbed = undisturbed();
    long start = System.nanoTime();
    int runs = 0;
    while (killed < KILLS) {
      Path directory = Files.createDirectory(folder.resolve("run-" + runs++));
      Path run = killedAndResumed(directory, 1 + random.nextInt(3));
      assertThat(metrics(run)).as("metrics of run %d", runs).isEqualTo(metrics(undisturbed));
      assertThat(last(run).resolve("model.safetensors")).as("weights of run %d", runs)
          .hasSameBinaryContentAs(last(undisturbed).resolve("model.safetensors"));
      assertThat(run.resolve("sample.txt")).hasSameBinaryContentAs(undisturbed.resolve("sample.txt"));
      delete(directory);
      if (runs % 10 == 0 || killed >= KILLS) {
        String line = "%d kills of %d runs, %d inside a checkpoint's write, %d before the first step, %.0f s%n"
            .formatted(
                killed, runs, inWrites, beforeTheFirstStep, (System.nanoTime() - start) / 1e9);
        Files.writeString(Launcher.HOME.resolve("e2e/target/kill-test.txt"), line);
      }
    }
  }

  private Path undisturbed() throws Exception {
    Path directory = Files.createDirectory(folder.resolve("undisturbed"));
    Launcher trained = Launcher.run(directory, train());
    assertThat(trained.code()).as(trained.err()).isZero();
    return onlyRun(directory);
  }

  private static String[] train() {
    return Stream.concat(Stream.of("train"), SETTINGS.stream()).toArray(String[]::new);
  }

  private Path killedAndResumed(Path directory, int kills) throws Exception {
    for (int kill = 0; kill < kills; kill++) {
      kill(directory);
    }
    Launcher done = Launcher.run(directory, arguments(directory).toArray(String[]::new));
    assertThat(done.code()).as(done.err()).isZero();
    return onlyRun(directory);
  }

  /// Goes on where there is a run, else starts one.
  private static List<String> arguments(Path directory) throws IOException {
    Path run = Files.isDirectory(directory.resolve("runs")) ? onlyRunIfAny(directory) : directory;
    if (!Files.exists(run.resolve("config.yaml"))) {
      delete(directory.resolve("runs"));
      return List.of(train());
    }
    return List.of("train", "--resume", run.toString());
  }

  private void kill(Path directory) throws Exception {
    List<String> command = new ArrayList<>(List.of(Launcher.HOME.resolve("norma").toString()));
    command.addAll(arguments(directory));
    boolean started = Files.exists(directory.resolve("runs"));
    Process process = Launcher.start(directory, Map.of(), command);
    try {
      if (random.nextInt(8) == 0) {
        Thread.sleep(random.nextInt(START_MILLIS)); // anywhere in the start
      } else {
        awaitTraining(process, directory, started);
        Thread.sleep(random.nextInt(random.nextBoolean() ? 50 : 700));
      }
      killed += process.isAlive() ? 1 : 0;
    } finally {
      Launcher.end(process);
    }
    Path run = Files.isDirectory(directory.resolve("runs")) ? onlyRunIfAny(directory) : directory;
    Path checkpoints = run.resolve("checkpoints");
    beforeTheFirstStep += Files.exists(checkpoints) ? 0 : 1;
    if (Files.exists(checkpoints)) {
      try (Stream<Path> entries = Files.list(checkpoints)) {
        inWrites += entries.anyMatch(path -> path.getFileName().toString().startsWith(".")) ? 1 : 0;
      }
    }
  }

  /// Until this start has taken its lock; that of a run that goes on names another process before.
  private static void awaitTraining(Process process, Path directory, boolean started) throws Exception {
    while (process.isAlive()) {
      Path run = Files.isDirectory(directory.resolve("runs")) ? onlyRunIfAny(directory) : directory;
      Path lock = run.resolve("lock");
      if (Files.exists(lock) && (!started || Files.readString(lock).equals(Long.toString(process.pid())))) {
        return;
      }
      Thread.sleep(2);
    }
  }

  private static Path onlyRun(Path directory) throws IOException {
    try (Stream<Path> runs = Files.list(directory.resolve("runs"))) {
      List<Path> all = runs.toList();
      assertThat(all).hasSize(1);
      return all.getFirst();
    }
  }

  private static Path onlyRunIfAny(Path directory) throws IOException {
    try (Stream<Path> runs = Files.list(directory.resolve("runs"))) {
      return runs.findFirst().orElse(directory);
    }
  }

  private static Path last(Path run) throws IOException {
    try (Stream<Path> checkpoints = Files.list(run.resolve("checkpoints"))) {
      return checkpoints.max(Comparator.comparing(Path::toString)).orElseThrow();
    }
  }

  /// Lines of the log without what a clock says.
  private static List<String> metrics(Path run) throws IOException {
    return Files.readAllLines(run.resolve("metrics.jsonl")).stream().map(line -> line
        .replaceAll(",\"(step_ms|tokens_per_s|elapsed_s|forward_ms|backward_ms|gflops)\":[-0-9.E]+", "")).toList();
  }

  private static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> paths = Files.walk(folder)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
