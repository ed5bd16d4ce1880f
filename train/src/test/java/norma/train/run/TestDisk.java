package norma.train.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiPredicate;
import norma.train.files.Disk;

/// A disk that remembers what it did, in order, and that is full at chosen operations: a write that fails leaves half of its bytes.
/// It waits for no real disk: a power cut is only played.
final class TestDisk implements Disk {
  private final Disk real = Disk.real();
  private final List<Operation> operations = new ArrayList<>();
  private final BiPredicate<Integer, Path> full;
  private int asked;

  /// What was done.
  sealed interface Operation {
    record CreateFolder(Path folder) implements Operation {}

    record Write(Path file, byte[] bytes) implements Operation {}

    record WriteEnd(Path file, long position, byte[] bytes) implements Operation {}

    record Sync(Path path) implements Operation {}

    record Move(Path from, Path to) implements Operation {}

    record Delete(Path path) implements Operation {}
  }

  /// With room for everything.
  TestDisk() {
    this((_, _) -> false);
  }

  /// @param full whether an operation fails, by its number from 0 and its path, for a move the new one
  TestDisk(BiPredicate<Integer, Path> full) {
    this.full = full;
  }

  /// All that did not fail.
  List<Operation> operations() {
    return operations;
  }

  /// Number of all, with those that failed.
  int asked() {
    return asked;
  }

  private boolean fails(Path path) {
    return full.test(asked++, path);
  }

  private static IOException noSpace(Path path) {
    return new IOException(path + ": No space left on device");
  }

  private void require(Path path) throws IOException {
    if (fails(path)) {
      throw noSpace(path);
    }
  }

  @Override
  public void createFolder(Path folder) throws IOException {
    require(folder);
    real.createFolder(folder);
    operations.add(new Operation.CreateFolder(folder));
  }

  @Override
  public void write(Path file, Content content) throws IOException {
    boolean fails = fails(file);
    real.write(file, content);
    byte[] bytes = Files.readAllBytes(file);
    if (fails) {
      Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
      throw noSpace(file);
    }
    operations.add(new Operation.Write(file, bytes));
  }

  @Override
  public void writeEnd(Path file, long position, byte[] bytes) throws IOException {
    boolean fails = fails(file);
    real.writeEnd(file, position, fails ? Arrays.copyOf(bytes, bytes.length / 2) : bytes);
    if (fails) {
      throw noSpace(file);
    }
    operations.add(new Operation.WriteEnd(file, position, bytes.clone()));
  }

  @Override
  public void sync(Path path) throws IOException {
    require(path);
    if (!Files.exists(path)) {
      throw new NoSuchFileException(path.toString());
    }
    operations.add(new Operation.Sync(path));
  }

  @Override
  public void move(Path from, Path to) throws IOException {
    require(to);
    real.move(from, to);
    operations.add(new Operation.Move(from, to));
  }

  @Override
  public void delete(Path path) throws IOException {
    require(path);
    real.delete(path);
    operations.add(new Operation.Delete(path));
  }

  @Override
  public boolean exists(Path path) {
    return real.exists(path);
  }
}
