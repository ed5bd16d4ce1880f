package norma.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import norma.train.report.Event;
import norma.train.report.Metrics;
import norma.train.run.Checkpoint;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A real training on a real file system that refuses to be written for a while.
class DiskTest {
  private static final int STEPS = 800;
  private static final int LOG_EVERY = 10;
  private static final List<String> SETTINGS = List.of("train", "configs/tiny.yaml", "data.val_fraction=0.02",
      "model.layers=1", "model.width=16", "model.context=16", "train.batch=2", "train.steps=" + STEPS,
      "train.log_every=" + LOG_EVERY, "train.eval_every=0", "train.layers_every=0", "train.norm_every=0",
      "train.checkpoint_every=50", "runtime.threads=1");

  @TempDir
  private Path folder;

  private Process start(List<String> before, Path runs) throws IOException {
    List<String> command = new ArrayList<>(before);
    command.add(Launcher.HOME.resolve("norma").toString());
    command.addAll(SETTINGS);
    command.add("output.dir=" + runs);
    return Launcher.start(folder, Map.of(), command);
  }

  private String errors() throws IOException {
    return Files.readString(folder.resolve("err.txt"));
  }

  private interface Condition {
    boolean holds() throws IOException;
  }

  private void await(Process process, Condition condition) throws Exception {
    while (!condition.holds()) {
      assertThat(process.isAlive()).as(errors()).isTrue();
      Thread.sleep(5);
    }
  }

  private static List<Path> list(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.sorted().toList();
    }
  }

  private static boolean hasCheckpoint(Path runs) throws IOException {
    for (Path run : list(runs)) {
      if (newestStep(run) > 0) {
        return true;
      }
    }
    return false;
  }

  /// By its name, since the training may delete what is being looked at; 0 if there is none.
  private static int newestStep(Path run) throws IOException {
    return list(run.resolve("checkpoints")).stream().map(path -> path.getFileName().toString())
        .filter(name -> name.startsWith("step-")).mapToInt(name -> Integer.parseInt(name.substring(5))).max().orElse(0);
  }

  private boolean warned() throws IOException {
    return errors().contains("no checkpoint at step") && errors().contains("the lines wait in memory");
  }

  /// With the checkpoint from before.
  private void assertGoesOn(Process process, Path run, String reason) throws Exception {
    assertThat(process.isAlive()).isTrue();
    assertThat(errors()).contains(reason, "metrics.jsonl", "training goes on, the next attempt is at step");
    assertThat(Checkpoint.open(run).step()).isPositive().isLessThan(STEPS);
  }

  private void assertEndsWhole(Process process, Path run, int before) throws Exception {
    await(process, () -> newestStep(run) > before);
    assertThat(process.waitFor()).as(errors()).isZero();
    assertThat(Checkpoint.open(run).step()).isEqualTo(STEPS);
    assertThat(Metrics.read(run).of(Event.Step.class)).as("nothing is missing in the log").extracting(Event.Step::step)
        .containsExactlyElementsOf(IntStream.rangeClosed(0, STEPS / LOG_EVERY)
            .mapToObj(i -> Math.max(1, i * LOG_EVERY)).toList());
    assertThat(errors().lines()).allMatch(line -> line.startsWith("norma: warning: "));
    assertThat(run.resolve("checkpoints")).isDirectoryNotContaining("glob:**/.*");
  }

  @Test
  void aFullDiskIsAWarningUntilThereIsRoom() throws Exception {
    try (SmallDisk disk = SmallDisk.mount(Files.createDirectory(folder.resolve("small")), 4)) {
      Path runs = disk.root().resolve("runs");
      Process process = start(List.of(), runs);
      try {
        await(process, () -> hasCheckpoint(runs));
        await(process, () -> {
          disk.fill(); // again, as a checkpoint that was finished just before gives space of older ones back
          return warned();
        });
        Path run = list(runs).getFirst();
        assertGoesOn(process, run, "No space left on device");
        int before = newestStep(run);
        disk.makeRoom();
        assertEndsWhole(process, run, before);
      } finally {
        Launcher.end(process);
      }
    }
  }

  @Test
  void aLostPermissionIsAWarningUntilItIsGivenBack() throws Exception {
    Path runs = folder.resolve("runs");
    Process process = start(withoutPrivileges(), runs);
    try {
      await(process, () -> hasCheckpoint(runs));
      Path run = list(runs).getFirst();
      mode(run.resolve("checkpoints"), "r-x------");
      mode(run.resolve("metrics.jsonl"), "r--------");
      await(process, this::warned);
      assertGoesOn(process, run, "permission denied");
      int before = newestStep(run);
      mode(run.resolve("checkpoints"), "rwx------");
      mode(run.resolve("metrics.jsonl"), "rw-------");
      assertEndsWhole(process, run, before);
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
