package norma.train.files;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/// The file operations that a run's safety depends on. What is written or named is certain to outlive a power cut only after
/// [#sync]: of a file for its bytes, of a folder for the names in it. Tests record these calls, and let them fail.
public interface Disk {
  /// What Norma calls a file or folder that is being written, before its own name.
  String WRITING = ".writing-";

  /// The machine's own.
  static Disk real() {
    return new RealDisk();
  }

  /// Writes a file that does not exist yet, or files to a new folder.
  interface Content {
    void to(Path place) throws IOException;
  }

  /// Creates a folder; its parent exists.
  void createFolder(Path folder) throws IOException;

  /// Writes a new file.
  void write(Path file, Content content) throws IOException;

  /// Writes bytes at a position of a file, which is created if it does not exist, and ends the file after them.
  void writeEnd(Path file, long position, byte[] bytes) throws IOException;

  /// Returns when a file's bytes, or the names in a folder, are on the disk.
  void sync(Path fileOrFolder) throws IOException;

  /// Renames a file or folder in one indivisible step. An existing file is replaced, an existing folder only if it is empty.
  void move(Path from, Path to) throws IOException;

  /// Deletes a file or an empty folder.
  void delete(Path path) throws IOException;

  /// Whether it exists. Nothing that only looks needs to be recorded.
  boolean exists(Path path);

  /// Creates a folder and those above it that do not exist, unless another process is faster. The new names are on the disk when this
  /// returns.
  default void createFolders(Path folder) throws IOException {
    if (Files.isDirectory(folder)) {
      return;
    }
    Path parent = Objects.requireNonNull(folder.toAbsolutePath().getParent());
    createFolders(parent);
    try {
      createFolder(folder);
    } catch (FileAlreadyExistsException e) {
      if (!Files.isDirectory(folder)) {
        throw e;
      }
    }
    sync(parent);
  }

  /// Writes a file so that there is always the old or the new one.
  default void replace(Path file, Content content) throws IOException {
    Path beside = file.resolveSibling(WRITING + file.getFileName());
    if (exists(beside)) {
      delete(beside);
    }
    write(beside, content);
    sync(beside);
    move(beside, file);
    sync(Objects.requireNonNull(file.toAbsolutePath().getParent()));
  }
}
