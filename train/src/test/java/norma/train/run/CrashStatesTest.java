package norma.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.stream.Stream;
import norma.optim.Optimizer;
import norma.train.config.Assignment;
import norma.train.config.RunConfig;
import norma.train.files.Disk;
import norma.train.files.Tree;
import norma.train.metrics.Event;
import norma.train.metrics.MetricsLog;
import norma.train.metrics.RunView;
import norma.train.run.CrashStates.Entry;
import norma.train.run.TestDisk.Operation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The machine may stop after any file operation of a run, and lose what was not synced. Every such state is made, and opened.
class CrashStatesTest {
  private static final TrainObserver SILENT = Runs.watching(_ -> {});

  @TempDir
  private Path folder;
  private int states;

  /// Nothing that only looks.
  private RunConfig config(String... settings) {
    return Runs.config(folder, Runs.with(settings, "train.layers_every=0", "train.norm_every=0"));
  }

  /// A complete run with checkpoints of steps 3 and 6, of a text like that of [#config].
  private Path trained() {
    return Runs.trained(folder, -1, "train.layers_every=0", "train.norm_every=0", "train.eval_every=0");
  }

  private interface Check {
    /// @param state  as it was made
    /// @param run    the same, at another place
    /// @param length operations that were done
    void accept(SortedMap<Path, Entry> state, Path run, int length) throws IOException;
  }

  /// Makes every different state that a crash can leave.
  ///
  /// @param marks numbers of operations after which something else is expected of the same state
  private void eachState(SortedMap<Path, Entry> before, List<Operation> operations, Set<Integer> marks, Check check)
      throws IOException {
    Set<SortedMap<Path, Entry>> seen = new HashSet<>();
    for (int length = 0; length <= operations.size(); length++) {
      if (marks.contains(length)) {
        seen.clear();
      }
      for (SortedMap<Path, Entry> state : CrashStates.after(before, operations.subList(0, length))) {
        if (seen.add(state)) {
          Path copy = CrashStates.materialize(state, before.firstKey(), folder.resolve("state-" + states++));
          check.accept(state, copy, length);
          Runs.delete(copy);
        }
      }
    }
  }

  @Test
  void afterACrashAtAnyPointTheOldOrTheNewCheckpointIsWhole() throws Exception {
    RunConfig config = config("train.keep_checkpoints=2", "train.eval_every=0");
    Path original = trained();
    try (Session session = Session.start(config, false)) {
      Optimizer optimizer = new TrainStep(session).optimizer();
      SortedMap<Path, Entry> before = CrashStates.tree(original);
      TestDisk disk = new TestDisk();
      writer(original, session, optimizer, disk).write(Progress.START.at(9, 1, 0));
      Map<Integer, byte[]> weights = Map.of(6, weights(original, 6), 9, weights(original, 9));
      int committed = committed(disk.operations(), original, 9);
      eachState(before, disk.operations(), Set.of(committed), (state, run, length) -> {
        Checkpoint opened = SavedRun.of(run, null).checkpoint();
        assertThat(opened.step()).as("after %d operations: %s", length, state.keySet())
            .isIn(length >= committed ? List.of(9) : List.of(6, 9));
        assertThat(weights(run, opened.step())).isEqualTo(weights.get(opened.step()));
        goesOn(run, session, optimizer);
      });
    }
    assertThat(states).as("different states").isGreaterThan(100);
  }

  /// A run goes on from the checkpoint before where the newest is damaged, and comes to the same step.
  @ParameterizedTest
  @ValueSource(strings = { "state", "manifest.json" })
  void whatIsInTheWayOfACheckpointIsNeverLostAndNeverTakenForIt(String damaged) throws Exception {
    RunConfig config = config("train.eval_every=0");
    Path original = trained();
    Path inTheWay = original.resolve("checkpoints/step-0000006");
    if (damaged.equals("manifest.json")) {
      Files.delete(inTheWay.resolve(damaged));
    } else {
      Files.writeString(inTheWay.resolve(damaged), "damaged");
    }
    byte[] kept = weights(original, 6);
    try (Session session = Session.start(config, false)) {
      Optimizer optimizer = new TrainStep(session).optimizer();
      SortedMap<Path, Entry> before = CrashStates.tree(original);
      TestDisk disk = new TestDisk();
      writer(original, session, optimizer, disk).write(Progress.START.at(6, 1, 0));
      byte[] written = weights(original, 6);
      assertThat(written).isNotEqualTo(kept);
      int committed = committed(disk.operations(), original, 6);
      eachState(before, disk.operations(), Set.of(committed), (state, run, length) -> {
        Checkpoint opened = SavedRun.of(run, null).checkpoint();
        assertThat(opened.step()).as("after %d operations: %s", length, state.keySet())
            .isIn(length >= committed ? List.of(6) : List.of(3, 6));
        if (opened.step() == 6) {
          assertThat(weights(run, 6)).isEqualTo(written);
        }
        assertThat(Tree.list(run.resolve("checkpoints"))).as("what was in the way, after %d", length)
            .anyMatch(path -> path.getFileName().toString().matches("(aside-)?step-0000006")
                && Arrays.equals(bytes(path.resolve(Checkpoint.WEIGHTS)), kept));
        goesOn(run, session, optimizer);
      });
    }
    assertThat(states).as("different states").isGreaterThan(50);
  }

  /// From the first operation of a new run on, in a folder that is new too.
  @Test
  void aNewRunIsNoneYetOrBeginsAnewOrHasItsFirstCheckpointWithAllLinesUpToIt() throws Exception {
    Path home = Files.createDirectory(folder.resolve("home"));
    RunConfig config = config("train.eval_every=0", "output.dir='" + home.resolve("a/runs") + "'");
    SortedMap<Path, Entry> before = CrashStates.tree(home);
    TestDisk disk = new TestDisk();
    try (Session session = Session.start(config, false)) {
      Path original = RunFolder.create(session, LocalDateTime.of(2026, 1, 1, 0, 0), disk).path();
      int created = disk.operations().size();
      MetricsLog log = new MetricsLog(original, disk, warning -> {}, RunView.NONE);
      Optimizer optimizer = new TrainStep(session).optimizer();
      Checkpointing checkpointing = new Checkpointing(original, session, optimizer.state(), log, disk, SILENT);
      log.append(new Event.Start(0, Map.of()));
      checkpointing.begin(Progress.START);
      log.append(new Event.Diverged(3, "not really"));
      assertThat(checkpointing.save(Progress.START.at(3, 1, 0), true).metricsBytes()).isEqualTo(log.length());
      int committed = committed(disk.operations(), original, 3);
      byte[] lines = bytes(original.resolve("metrics.jsonl"));
      Path there = home.relativize(original);
      eachState(before, disk.operations(), Set.of(created, committed), (state, copy, length) -> {
        Path run = copy.resolve(there);
        if (!Files.exists(run.resolve("config.yaml"))) {
          assertThat(length).isLessThan(created);
          assertThatThrownBy(() -> Resumption.open(run, List.of())).isInstanceOf(RunException.class)
              .hasMessageContaining("is not a").hasMessageNotContaining("\n");
          return;
        }
        Progress progress = resume(run, new TestDisk());
        assertThat(progress.step()).as("after %d operations: %s", length, state.keySet())
            .isIn(length >= committed ? List.of(3) : List.of(0, 3));
        assertThat(bytes(run.resolve("metrics.jsonl"))).isEqualTo(progress.step() == 3 ? lines : new byte[0]);
        goesOn(run, session, optimizer);
      });
    }
    assertThat(states).as("different states").isGreaterThan(100);
  }

  /// The newest checkpoint is damaged, the log goes on after the one before and ends within a line, it was cut once already, and the
  /// configuration changes. After a crash the next resume may be cut off as well.
  @Test
  void noLineIsLostWhereACrashMeetsAResume() throws Exception {
    Path original = Runs.train(config("train.steps=6"), 4);
    byte[] damaged = "damaged".getBytes(StandardCharsets.UTF_8);
    Files.write(original.resolve("checkpoints/step-0000004/state"), damaged);
    Path log = original.resolve("metrics.jsonl");
    Files.writeString(log, "{\"event\":\"step\",\"step\":5,\"lo", StandardOpenOption.APPEND);
    Files.writeString(original.resolve("metrics.discarded.jsonl"), "{\"event\":\"cut\",\"reason\":\"an earlier\"}\n");
    Set<String> lines = lines(original);
    byte[] kept = Arrays.copyOf(bytes(log),
        (int) SavedRun.of(original, null).checkpoint().state().progress().metricsBytes());
    assertThat(kept.length).isBetween(1, bytes(log).length - 100);
    SortedMap<Path, Entry> before = CrashStates.tree(original);
    TestDisk disk = new TestDisk();
    assertThat(resume(original, disk, "train.steps=9").step()).isEqualTo(3);
    eachState(before, disk.operations(), Set.of(), (state, run, length) -> {
      assertThat(lines(run)).as("after %d operations", length).containsAll(lines);
      SortedMap<Path, Entry> crashed = CrashStates.tree(run);
      TestDisk again = new TestDisk();
      assertThat(resume(run, again, "train.steps=9").step()).isEqualTo(3);
      assertThat(bytes(run.resolve("metrics.jsonl"))).isEqualTo(kept);
      assertThat(bytes(run.resolve("checkpoints/aside-step-0000004/state"))).isEqualTo(damaged);
      assertThat(RunFolder.open(run).config(List.of()).train().steps()).isEqualTo(9);
      eachState(crashed, again.operations(), Set.of(), (second, twice, operations) -> {
        assertThat(lines(twice)).as("after %d operations and %d more", length, operations).containsAll(lines);
        assertThat(RunFolder.open(twice).config(List.of()).train().steps()).isIn(6, 9);
        assertThat(SavedRun.of(twice, null).checkpoint().step()).isEqualTo(3);
      });
    });
    assertThat(states).as("different states").isGreaterThan(50);
  }

  /// Back to the last checkpoint that was due, over one that an interruption added; and to the one before, where the first step after it
  /// fails.
  @ParameterizedTest
  @CsvSource({ "5, 3, 6", "6, 6, 7" })
  void aRollbackThatIsCutOffLeavesACheckpointWithItsLinesAndLosesNone(int interrupted, int anchor, int failing)
      throws Exception {
    Path original = Runs.train(config("train.steps=9"),
        interrupted);
    TestDisk disk = new TestDisk();
    SortedMap<Path, Entry> before;
    Set<String> lines;
    try (Resumption resumption = Resumption.open(original, List.of()); Session session = resumption.session(false)) {
      MetricsLog log = new MetricsLog(original, disk, warning -> {}, RunView.NONE);
      Checkpointing checkpointing = new Checkpointing(original, session, new TrainStep(session).state(), log, disk,
          SILENT);
      Progress progress = checkpointing.begin(checkpointing.resume(resumption));
      assertThat(progress.anchor()).isEqualTo(anchor);
      Files.delete(original.resolve("metrics.discarded.jsonl")); // the rollback makes a new one
      lines = lines(original);
      before = CrashStates.tree(original);
      disk.operations().clear();
      assertThat(checkpointing.rollBack(progress, failing, "head")).map(Progress::step).contains(3);
    }
    eachState(before, disk.operations(), Set.of(), (state, run, length) -> {
      assertThat(lines(run)).as("after %d operations", length).containsAll(lines);
      Progress newest = SavedRun.of(run, null).checkpoint().state().progress();
      assertThat(newest.metricsBytes()).as("lines of step %d after %d operations", newest.step(), length)
          .isLessThanOrEqualTo(bytes(run.resolve("metrics.jsonl")).length);
      assertThat(resume(run, new TestDisk()).step()).isEqualTo(newest.step()).isIn(3, interrupted);
    });
    assertThat(states).as("different states").isGreaterThan(7);
  }

  private static CheckpointWriter writer(Path run, Session session, Optimizer optimizer, Disk disk) {
    return new CheckpointWriter(run, session, optimizer.state(), disk, warning -> {});
  }

  /// Up to where training would go on.
  private static Progress resume(Path run, Disk disk, String... settings) throws IOException {
    try (Resumption resumption = Resumption.open(run, Assignment.parse(List.of(settings)));
        Session session = resumption.session(false)) {
      MetricsLog log = new MetricsLog(run, disk, warning -> {}, RunView.NONE);
      return new Checkpointing(run, session, new TrainStep(session).state(), log, disk, SILENT).resume(resumption);
    }
  }

  /// The next write succeeds and leaves nothing behind of the one that was cut off.
  private static void goesOn(Path run, Session session, Optimizer optimizer) throws IOException {
    writer(run, session, optimizer, new TestDisk()).write(Progress.START.at(12, 1, 0));
    assertThat(SavedRun.of(run, null).checkpoint().step()).isEqualTo(12);
    assertThat(Tree.list(run.resolve("checkpoints"))).noneMatch(path -> path.getFileName().toString().startsWith("."));
  }

  /// Operations after which the new checkpoint must be there: its folder has its name, and that is synced.
  private static int committed(List<Operation> operations, Path run, int step) {
    Path all = run.resolve("checkpoints");
    for (int i = 1; i < operations.size(); i++) {
      if (operations.get(i) instanceof Operation.Sync sync && sync.path().equals(all)
          && operations.get(i - 1) instanceof Operation.Move move
          && move.to().equals(all.resolve(Checkpoint.nameOf(step)))) {
        return i + 1;
      }
    }
    throw new AssertionError("the new folder's name is never synced");
  }

  private static byte[] weights(Path run, int step) {
    return bytes(run.resolve("checkpoints").resolve(Checkpoint.nameOf(step)).resolve(Checkpoint.WEIGHTS));
  }

  private static byte[] bytes(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /// Every line of the log and of what was cut off it, the last one as far as it goes.
  private static Set<String> lines(Path run) {
    return new java.util.TreeSet<>(Stream.of("metrics.jsonl", "metrics.discarded.jsonl").map(run::resolve)
        .filter(Files::exists).flatMap(file -> new String(bytes(file), StandardCharsets.UTF_8).lines()).toList());
  }
}
