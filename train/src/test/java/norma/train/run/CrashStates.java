package norma.train.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import norma.train.run.TestDisk.Operation;
import org.jspecify.annotations.Nullable;

/// What a machine that stops can leave of a folder: what was not synced may be lost, bytes of a file unless it was synced, a new,
/// changed or deleted name unless its folder was. Bytes may also come to the disk in part, or after the length of their file, which
/// then has zeros in their place; operations that no sync stands between, in any order.
final class CrashStates {
  private CrashStates() {}

  /// A file with its bytes, or a folder.
  static final class Entry {
    static final Entry FOLDER = new Entry(null);
    private final byte @Nullable [] bytes;
    private final int hash;

    private Entry(byte @Nullable [] bytes) {
      this.bytes = bytes;
      this.hash = Arrays.hashCode(bytes);
    }

    static Entry file(byte[] bytes) {
      return new Entry(bytes);
    }

    byte[] bytes() {
      return Objects.requireNonNull(bytes, "a folder");
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Entry entry && entry.hash == hash && Arrays.equals(entry.bytes, bytes);
    }

    @Override
    public int hashCode() {
      return hash;
    }
  }

  /// A folder and all that is in it.
  static SortedMap<Path, Entry> tree(Path root) throws IOException {
    SortedMap<Path, Entry> tree = new TreeMap<>();
    try (Stream<Path> paths = Files.walk(root)) {
      for (Path path : paths.toList()) {
        tree.put(path, Files.isDirectory(path) ? Entry.FOLDER : Entry.file(Files.readAllBytes(path)));
      }
    }
    return tree;
  }

  /// Writes a state of one folder to another that does not exist yet.
  static Path materialize(Map<Path, Entry> state, Path from, Path to) throws IOException {
    for (Map.Entry<Path, Entry> entry : state.entrySet()) {
      Path path = to.resolve(from.relativize(entry.getKey()).toString());
      if (entry.getValue().equals(Entry.FOLDER)) {
        Files.createDirectory(path);
      } else {
        Files.write(path, entry.getValue().bytes());
      }
    }
    return to;
  }

  /// The different states that a crash right after some operations can leave.
  ///
  /// @param before is on the disk
  static Set<SortedMap<Path, Entry>> after(SortedMap<Path, Entry> before, List<Operation> operations) {
    Set<SortedMap<Path, Entry>> states = Set.of(before);
    for (int i = 0; i < operations.size(); i++) {
      List<Operation> later = operations.subList(i + 1, operations.size());
      Set<SortedMap<Path, Entry>> next = new LinkedHashSet<>();
      for (SortedMap<Path, Entry> state : states) {
        addOutcomes(next, state, operations.get(i), later);
      }
      states = next;
    }
    return states;
  }

  private static void addOutcomes(Set<SortedMap<Path, Entry>> outcomes, SortedMap<Path, Entry> state,
      Operation operation, List<Operation> later) {
    switch (operation) {
      case Operation.Sync sync -> outcomes.add(state);
      case Operation.CreateFolder create -> {
        outcomes.add(with(state, create.folder(), Entry.FOLDER));
        addUnlessNamed(outcomes, state, create.folder(), later);
      }
      case Operation.Write write -> addWritten(outcomes, state, new Operation.WriteEnd(write.file(), 0, write.bytes()),
          later);
      case Operation.WriteEnd write -> addWritten(outcomes, state, write, later);
      case Operation.Move move -> {
        outcomes.add(moved(state, move.from(), move.to()));
        addUnlessNamed(outcomes, state, move.to(), later);
      }
      case Operation.Delete delete -> {
        outcomes.add(without(state, delete.path()));
        addUnlessNamed(outcomes, state, delete.path(), later);
      }
    }
  }

  private static void addWritten(Set<SortedMap<Path, Entry>> outcomes, SortedMap<Path, Entry> state,
      Operation.WriteEnd write, List<Operation> later) {
    Path file = write.file();
    byte[] bytes = write.bytes();
    byte[] old = state.containsKey(file) ? Objects.requireNonNull(state.get(file)).bytes() : new byte[0];
    int from = Math.toIntExact(write.position());
    outcomes.add(with(state, file, Entry.file(overlaid(old, from, bytes, from + bytes.length))));
    if (!synced(file, later)) {
      outcomes.add(with(state, file, Entry.file(old)));
      outcomes.add(with(state, file, Entry.file(overlaid(old, from, bytes, from + bytes.length / 2))));
      outcomes.add(with(state, file, Entry.file(overlaid(old, from, new byte[bytes.length], from + bytes.length))));
      outcomes
          .add(with(state, file, Entry.file(overlaid(old, from, bytes, Math.max(old.length, from + bytes.length)))));
    }
    if (!state.containsKey(file)) {
      addUnlessNamed(outcomes, state, file, later);
    }
  }

  /// Bytes over others from a place on, with zeros where there is nothing, cut to a length.
  private static byte[] overlaid(byte[] old, int from, byte[] bytes, int length) {
    byte[] all = Arrays.copyOf(old, Math.max(old.length, from + bytes.length));
    System.arraycopy(bytes, 0, all, from, bytes.length);
    return Arrays.copyOf(all, length);
  }

  /// The name's folder keeps its old names unless it is synced.
  private static void addUnlessNamed(Set<SortedMap<Path, Entry>> outcomes, SortedMap<Path, Entry> state, Path name,
      List<Operation> later) {
    if (!synced(Objects.requireNonNull(name.getParent()), later)) {
      outcomes.add(state);
    }
  }

  private static boolean synced(Path path, List<Operation> later) {
    return later.stream().anyMatch(operation -> operation instanceof Operation.Sync sync && sync.path().equals(path));
  }

  /// Nothing if the folder that it would be in was lost.
  private static SortedMap<Path, Entry> with(SortedMap<Path, Entry> state, Path path, Entry entry) {
    SortedMap<Path, Entry> next = new TreeMap<>(state);
    if (state.containsKey(Objects.requireNonNull(path.getParent()))) {
      next.put(path, entry);
    }
    return next;
  }

  /// What is moved onto something takes its place.
  private static SortedMap<Path, Entry> moved(SortedMap<Path, Entry> state, Path from, Path to) {
    if (!state.containsKey(from)) {
      return state;
    }
    SortedMap<Path, Entry> next = without(state, to);
    next.keySet().removeIf(path -> path.startsWith(from));
    state.forEach((path, entry) -> {
      if (path.startsWith(from)) {
        next.put(path.equals(from) ? to : to.resolve(from.relativize(path)), entry);
      }
    });
    return next;
  }

  private static SortedMap<Path, Entry> without(SortedMap<Path, Entry> state, Path path) {
    SortedMap<Path, Entry> next = new TreeMap<>(state);
    next.keySet().removeIf(other -> other.startsWith(path)); // a folder's name can be gone before its files' names
    return next;
  }
}
