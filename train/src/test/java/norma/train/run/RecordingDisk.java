package norma.train.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import norma.train.files.Disk;

/// A disk that remembers what it was asked for, in order. It waits for no real disk: a power cut is only played.
final class RecordingDisk implements Disk {
  private final Disk real = Disk.real();
  private final List<Operation> operations = new ArrayList<>();

  /// What was asked for.
  sealed interface Operation {
    record CreateFolder(Path folder) implements Operation {}

    record Write(Path file, byte[] bytes) implements Operation {}

    record WriteEnd(Path file, long position, byte[] bytes) implements Operation {}

    record Sync(Path path) implements Operation {}

    record Move(Path from, Path to) implements Operation {}

    record Delete(Path path) implements Operation {}
  }

  List<Operation> operations() {
    return operations;
  }

  @Override
  public void createFolder(Path folder) throws IOException {
    real.createFolder(folder);
    operations.add(new Operation.CreateFolder(folder));
  }

  @Override
  public void write(Path file, Content content) throws IOException {
    real.write(file, content);
    operations.add(new Operation.Write(file, Files.readAllBytes(file)));
  }

  @Override
  public void writeEnd(Path file, long position, byte[] bytes) throws IOException {
    real.writeEnd(file, position, bytes);
    operations.add(new Operation.WriteEnd(file, position, bytes.clone()));
  }

  @Override
  public void sync(Path path) throws IOException {
    if (!Files.exists(path)) {
      throw new NoSuchFileException(path.toString());
    }
    operations.add(new Operation.Sync(path));
  }

  @Override
  public void move(Path from, Path to) throws IOException {
    real.move(from, to);
    operations.add(new Operation.Move(from, to));
  }

  @Override
  public void delete(Path path) throws IOException {
    real.delete(path);
    operations.add(new Operation.Delete(path));
  }

  @Override
  public boolean exists(Path path) {
    return real.exists(path);
  }
}
