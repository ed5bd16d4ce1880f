package norma.train.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.BiPredicate;
import java.util.function.IntPredicate;
import norma.train.files.Disk;

/// A disk that is full, or broken, at chosen operations: a write that fails leaves half of its bytes.
final class FailingDisk implements Disk {
  private final Disk real = Disk.real();
  private final BiPredicate<Integer, Path> fails;
  private int operations;

  /// @param fails whether an operation fails, by its number from 0
  FailingDisk(IntPredicate fails) {
    this((operation, path) -> fails.test(operation));
  }

  /// @param fails whether an operation fails, by its number from 0 and its path, for a move the new one
  FailingDisk(BiPredicate<Integer, Path> fails) {
    this.fails = fails;
  }

  int operations() {
    return operations;
  }

  private boolean failsNow(Path path) {
    return fails.test(operations++, path);
  }

  private void check(Path path) throws IOException {
    if (failsNow(path)) {
      throw new IOException(path + ": No space left on device");
    }
  }

  @Override
  public void createFolder(Path folder) throws IOException {
    check(folder);
    real.createFolder(folder);
  }

  @Override
  public void write(Path file, Content content) throws IOException {
    boolean failed = failsNow(file);
    real.write(file, content);
    if (failed) {
      byte[] bytes = Files.readAllBytes(file);
      Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
      throw new IOException(file + ": No space left on device");
    }
  }

  @Override
  public void writeEnd(Path file, long position, byte[] bytes) throws IOException {
    boolean failed = failsNow(file);
    real.writeEnd(file, position, failed ? Arrays.copyOf(bytes, bytes.length / 2) : bytes);
    if (failed) {
      throw new IOException(file + ": No space left on device");
    }
  }

  @Override
  public void sync(Path path) throws IOException {
    check(path);
    real.sync(path);
  }

  @Override
  public void move(Path from, Path to) throws IOException {
    check(to);
    real.move(from, to);
  }

  @Override
  public void delete(Path path) throws IOException {
    check(path);
    real.delete(path);
  }

  @Override
  public boolean exists(Path path) {
    return real.exists(path);
  }
}
