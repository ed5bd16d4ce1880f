package norma.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import norma.train.cli.Outcome;
import norma.train.files.Tree;
import norma.train.metrics.Event;
import norma.train.metrics.Metrics;
import norma.train.run.SavedRun;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A real training on a real file system that refuses to be written for a while.
class DiskTest {
  private static final int LOG_EVERY = 10;
  private static final List<String> SETTINGS = List.of("configs/tiny.yaml", "data.val_fraction=0.02",
      "model.layers=1", "model.width=16", "model.context=16", "train.batch=2",
      "train.log_every=" + LOG_EVERY, "train.eval_every=0", "train.layers_every=0", "train.norm_every=0",
      "train.checkpoint_every=50", "runtime.threads=1");

  @TempDir
  private Path folder;

  /// A training that runs.
  ///
  /// @param errors what it has written to standard error so far
  /// @param code   waits for its exit code
  private record Training(int steps, BooleanSupplier isAlive, Callable<String> errors, Callable<Integer> code) {
    void await(Callable<Boolean> condition) throws Exception {
      boolean alive = true;
      while (!condition.call()) {
        assertThat(alive).as(errors.call()).isTrue();
        alive = isAlive.getAsBoolean();
        Thread.sleep(5);
      }
    }

    boolean warned() throws Exception {
      return errors.call().contains("no checkpoint at step")
          && errors.call().contains("what is missing waits in memory");
    }

    /// With the checkpoint from before.
    void assertGoesOn(Path run, String reason) throws Exception {
      assertThat(isAlive.getAsBoolean()).isTrue();
      assertThat(errors.call()).contains(reason, "metrics.jsonl", "training goes on, the next attempt is at step");
      assertThat(SavedRun.of(run, null).checkpoint().step()).isPositive().isLessThan(steps);
    }

    void assertEndsWhole(Path run, int before) throws Exception {
      await(() -> newestStep(run) > before);
      assertThat(code.call()).as(errors.call()).isZero();
      assertThat(SavedRun.of(run, null).checkpoint().step()).isEqualTo(steps);
      assertThat(Metrics.read(run).of(Event.Step.class)).as("nothing is missing in the log")
          .extracting(Event.Step::step).containsExactlyElementsOf(IntStream.rangeClosed(0, steps / LOG_EVERY)
              .mapToObj(i -> Math.max(1, i * LOG_EVERY)).toList());
      assertThat(errors.call().lines()).allMatch(line -> line.startsWith("norma: warning: "));
      assertThat(run.resolve("checkpoints")).isDirectoryNotContaining("glob:**/.*");
    }
  }

  private static List<String> train(int steps, Path runs) {
    List<String> command = new ArrayList<>(List.of("train"));
    command.addAll(SETTINGS);
    command.addAll(List.of("train.steps=" + steps, "output.dir=" + runs));
    return command;
  }

  private static boolean hasCheckpoint(Path runs) throws IOException {
    for (Path run : Tree.list(runs)) {
      if (newestStep(run) > 0) {
        return true;
      }
    }
    return false;
  }

  /// By its name, since the training may delete what is being looked at; 0 if there is none.
  private static int newestStep(Path run) throws IOException {
    return Tree.list(run.resolve("checkpoints")).stream().map(path -> path.getFileName().toString())
        .filter(name -> name.startsWith("step-")).mapToInt(name -> Integer.parseInt(name.substring(5))).max().orElse(0);
  }

  @Test
  void aFullDiskIsAWarningUntilThereIsRoom() throws Exception {
    try (SmallDisk disk = SmallDisk.mount(Files.createDirectory(folder.resolve("small")), 4)) {
      Path runs = disk.root().resolve("runs");
      int steps = 4000; // in a JVM that has compiled their code already
      Outcome.Running running = Outcome.start(train(steps, runs));
      Training training = new Training(steps, running::isAlive, running::err, () -> running.outcome().code());
      training.await(() -> hasCheckpoint(runs));
      training.await(() -> {
        disk.fill(); // again, as a checkpoint that was finished just before gives space of older ones back
        return training.warned();
      });
      Path run = Tree.list(runs).getFirst();
      training.assertGoesOn(run, "No space left on device");
      int before = newestStep(run);
      disk.makeRoom();
      training.assertEndsWhole(run, before);
    }
  }

  @Test
  void aLostPermissionIsAWarningUntilItIsGivenBack() throws Exception {
    Path runs = folder.resolve("runs");
    int steps = 800;
    List<String> command = new ArrayList<>(withoutPrivileges());
    command.add(Launcher.HOME.resolve("norma").toString());
    command.addAll(train(steps, runs));
    Process process = Launcher.start(folder, Map.of(), command);
    Training training = new Training(steps, process::isAlive, () -> Files.readString(folder.resolve("err.txt")),
        process::waitFor);
    try {
      training.await(() -> hasCheckpoint(runs));
      Path run = Tree.list(runs).getFirst();
      mode(run.resolve("checkpoints"), "r-x------");
      mode(run.resolve("metrics.jsonl"), "r--------");
      training.await(training::warned);
      training.assertGoesOn(run, "permission denied");
      int before = newestStep(run);
      mode(run.resolve("checkpoints"), "rwx------");
      mode(run.resolve("metrics.jsonl"), "rw-------");
      training.assertEndsWhole(run, before);
    } finally {
      Launcher.end(process);
    }
  }

  private static void mode(Path path, String mode) throws IOException {
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
  }

  /// What starts a process that file modes bind: root's do not otherwise.
  private static List<String> withoutPrivileges() throws Exception {
    List<String> prefix = "root".equals(System.getProperty("user.name"))
        ? List.of("setpriv", "--bounding-set=-dac_override,-dac_read_search")
        : List.of();
    List<String> probe = Stream.concat(prefix.stream(), Stream.of("true")).toList();
    try {
      Assumptions.assumeTrue(new ProcessBuilder(probe).start().waitFor() == 0,
          "file modes do not bind root, and setpriv cannot take that right away");
    } catch (IOException e) {
      Assumptions.abort("file modes do not bind root, and there is no setpriv: " + e.getMessage());
    }
    return prefix;
  }
}
