package norma.train.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import norma.train.config.RunConfig;
import norma.train.data.Sha256;
import norma.train.disk.Disk;
import norma.train.run.RecordingDisk.Operation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The machine may stop after any operation of a checkpoint's write, and lose what was not synced: bytes of a file unless it was
/// synced, a new, changed or deleted name unless its folder was. Every such state is made, and opened.
class CrashStatesTest {
  private static final byte[] FOLDER = "a folder".getBytes(StandardCharsets.UTF_8);

  @TempDir
  private Path folder;
  private int states;

  @Test
  void afterACrashAtAnyPointTheOldOrTheNewCheckpointIsWhole() throws Exception {
    RunConfig config = Runs.config(folder, "train.keep_checkpoints=2", "train.eval_every=0");
    Path original = Runs.train(config);
    try (Session session = Session.start(config, Path.of(""), true)) {
      Map<Path, byte[]> before = tree(original.resolve("checkpoints"));
      RecordingDisk disk = new RecordingDisk();
      new CheckpointWriter(original, session, new TrainStep(session).optimizer(), disk, warning -> {})
          .write(Progress.START.at(9, 1, 0));
      List<Operation> operations = disk.operations();
      Map<Integer, byte[]> weights = Map.of(6, Objects.requireNonNull(before.get(original.resolve(
          "checkpoints/step-0000006/model.safetensors"))), 9,
          Files.readAllBytes(original.resolve("checkpoints/step-0000009/model.safetensors")));
      int committed = committed(operations, original);
      Set<String> seen = new HashSet<>();
      for (int length = 0; length <= operations.size(); length++) {
        for (Map<Path, byte[]> state : states(before, operations.subList(0, length))) {
          if (seen.add(length >= committed ? digest(state) + "committed" : digest(state))) {
            states++;
            Path run = materialize(state, original);
            Checkpoint opened = Checkpoint.open(run);
            assertThat(opened.step()).as("after %d operations: %s", length, state.keySet())
                .isIn(length >= committed ? List.of(9) : List.of(6, 9));
            assertThat(opened.folder().resolve("model.safetensors"))
                .hasBinaryContent(Objects.requireNonNull(weights.get(opened.step())));
            goesOn(run, session);
            Runs.delete(run);
          }
        }
      }
    }
    assertThat(states).as("different states").isGreaterThan(100);
  }

  /// The next write succeeds and leaves nothing behind of the one that was cut off.
  private static void goesOn(Path run, Session session) throws IOException {
    new CheckpointWriter(run, session, new TrainStep(session).optimizer(), Disk.real(), warning -> {})
        .write(Progress.START.at(12, 1, 0));
    assertThat(Checkpoint.open(run).step()).isEqualTo(12);
    assertThat(Runs.list(run.resolve("checkpoints"))).noneMatch(path -> path.getFileName().toString().startsWith("."));
  }

  /// Operations after which the new checkpoint must be there: its folder has its name, and that is synced.
  private static int committed(List<Operation> operations, Path run) {
    Path all = run.resolve("checkpoints");
    for (int i = 1; i < operations.size(); i++) {
      if (operations.get(i) instanceof Operation.Sync sync && sync.path().equals(all)
          && operations.get(i - 1) instanceof Operation.Move move && move.to().equals(all.resolve("step-0000009"))) {
        return i + 1;
      }
    }
    throw new AssertionError("the new folder's name is never synced");
  }

  /// All states that a crash after these operations can leave.
  private static List<Map<Path, byte[]>> states(Map<Path, byte[]> before, List<Operation> operations) {
    List<Map<Path, byte[]>> states = List.of(before);
    for (int i = 0; i < operations.size(); i++) {
      List<Operation> later = operations.subList(i + 1, operations.size());
      List<Map<Path, byte[]>> next = new ArrayList<>();
      for (Map<Path, byte[]> state : states) {
        next.addAll(outcomes(state, operations.get(i), later));
      }
      states = next;
    }
    return states;
  }

  private static List<Map<Path, byte[]>> outcomes(Map<Path, byte[]> state, Operation operation,
      List<Operation> later) {
    List<Map<Path, byte[]>> outcomes = new ArrayList<>();
    switch (operation) {
      case Operation.Sync sync -> outcomes.add(state);
      case Operation.CreateFolder create -> {
        outcomes.add(with(state, create.folder(), FOLDER));
        addUnlessSynced(outcomes, state, create.folder(), later);
      }
      case Operation.Write write -> {
        byte[] bytes = write.bytes();
        outcomes.add(with(state, write.file(), bytes));
        if (!synced(write.file(), later)) {
          outcomes.add(with(state, write.file(), new byte[0]));
          outcomes.add(with(state, write.file(), Arrays.copyOf(bytes, bytes.length / 2)));
          outcomes.add(with(state, write.file(), new byte[bytes.length])); // zeros: the length came to the disk first
        }
        addUnlessSynced(outcomes, state, write.file(), later);
      }
      case Operation.Move move -> {
        outcomes.add(moved(state, move.from(), move.to()));
        addUnlessSynced(outcomes, state, move.to(), later);
      }
      case Operation.Delete delete -> {
        outcomes.add(without(state, delete.path()));
        addUnlessSynced(outcomes, state, delete.path(), later);
      }
    }
    return outcomes;
  }

  private static void addUnlessSynced(List<Map<Path, byte[]>> outcomes, Map<Path, byte[]> state, Path name,
      List<Operation> later) {
    if (!synced(Objects.requireNonNull(name.getParent()), later)) {
      outcomes.add(state);
    }
  }

  private static boolean synced(Path path, List<Operation> later) {
    return later.stream().anyMatch(operation -> operation instanceof Operation.Sync sync && sync.path().equals(path));
  }

  /// Nothing if the folder that it would be in was lost.
  private static Map<Path, byte[]> with(Map<Path, byte[]> state, Path path, byte[] bytes) {
    Map<Path, byte[]> next = new TreeMap<>(state);
    if (state.containsKey(Objects.requireNonNull(path.getParent()))) {
      next.put(path, bytes);
    }
    return next;
  }

  private static Map<Path, byte[]> moved(Map<Path, byte[]> state, Path from, Path to) {
    Map<Path, byte[]> next = new TreeMap<>();
    state.forEach((path, bytes) -> next.put(path.startsWith(from) ? to.resolve(from.relativize(path)) : path, bytes));
    return next;
  }

  private static Map<Path, byte[]> without(Map<Path, byte[]> state, Path path) {
    Map<Path, byte[]> next = new TreeMap<>(state);
    next.keySet().removeIf(other -> other.startsWith(path)); // a folder's name can be gone before its files' names
    return next;
  }

  private static Map<Path, byte[]> tree(Path root) throws IOException {
    Map<Path, byte[]> tree = new TreeMap<>();
    try (Stream<Path> paths = Files.walk(root)) {
      for (Path path : paths.toList()) {
        tree.put(path, Files.isDirectory(path) ? FOLDER : Files.readAllBytes(path));
      }
    }
    return tree;
  }

  private static String digest(Map<Path, byte[]> state) {
    StringBuilder text = new StringBuilder();
    state.forEach(
        (path, bytes) -> text.append(path).append(Arrays.equals(bytes, FOLDER) ? "/" : Sha256.of(bytes)).append('\n'));
    return text.toString();
  }

  private Path materialize(Map<Path, byte[]> state, Path original) throws IOException {
    Path run = Files.createDirectory(folder.resolve("state-" + states));
    for (Map.Entry<Path, byte[]> entry : state.entrySet()) {
      Path path = run.resolve(original.relativize(entry.getKey()).toString());
      if (Arrays.equals(entry.getValue(), FOLDER)) {
        Files.createDirectory(path);
      } else {
        Files.write(path, entry.getValue());
      }
    }
    return run;
  }
}
