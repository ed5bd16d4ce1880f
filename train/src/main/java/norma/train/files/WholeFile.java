package norma.train.files;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;

/// A file that a reader finds as a whole, old or new, however many processes write it. It may be lost with the power: what must not be
/// is written by [Disk#replace].
public final class WholeFile {
  private WholeFile() {}

  /// Tries whether [#write] could write, without leaving anything.
  ///
  /// @throws IOException if not
  public static void probe(Path file) throws IOException {
    if (Files.isDirectory(file)) {
      throw new FileSystemException(file.toString(), null, "it is a folder; expected a file's name");
    }
    Path beside = beside(file);
    try {
      Files.createFile(beside);
    } catch (FileSystemException e) {
      throw refused(file, e);
    }
    Files.delete(beside);
  }

  /// Why nothing can be made beside a file or folder, with the name that was asked for.
  static IOException refused(Path asked, FileSystemException e) {
    return switch (e) {
      case AccessDeniedException _ -> named(new AccessDeniedException(asked.toString()), e);
      case NoSuchFileException _ -> named(new NoSuchFileException(asked.toString(), null, "no such folder"), e);
      default -> named(new FileSystemException(asked.toString(), null, e.getReason()), e);
    };
  }

  private static IOException named(IOException named, IOException cause) {
    named.initCause(cause);
    return named;
  }

  /// What a write failed with, with the name of what was written: a stream on a full disk knows none.
  static IOException named(Path written, IOException e) {
    return e instanceof FileSystemException
        ? e
        : named(new FileSystemException(written.toString(), null, e.getMessage()), e);
  }

  /// Writes a text, or replaces what is there.
  ///
  /// @throws IOException as [#probe] says it, or with the file's name
  public static void write(Path file, String text) throws IOException {
    write(file, beside -> Files.writeString(beside, text));
  }

  /// Writes bytes, or replaces what is there.
  ///
  /// @throws IOException as [#probe] says it, or with the file's name
  public static void write(Path file, Disk.Content content) throws IOException {
    probe(file);
    Path beside = beside(file);
    try {
      content.to(beside);
      Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw named(file, e);
    } finally {
      Files.deleteIfExists(beside); // after a failed write
    }
  }

  /// A file's first bytes, all if it has no more than so many.
  public static byte[] start(Path file, int most) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return in.readNBytes(most);
    }
  }

  /// Deletes files that killed processes have left in a folder. One that still writes has done so within a day.
  public static void deleteAbandoned(Path folder) throws IOException {
    Instant before = Instant.now().minus(Duration.ofDays(1));
    for (Path path : Tree.list(folder)) {
      if (String.valueOf(path.getFileName()).startsWith(Disk.WRITING) && Files.isRegularFile(path)
          && Instant.ofEpochMilli(path.toFile().lastModified()).isBefore(before)) {
        Files.deleteIfExists(path);
      }
    }
  }

  /// Where a file or folder is written, by a name that no other process has.
  static Path beside(Path path) {
    return path.resolveSibling(Disk.WRITING + path.getFileName() + "." + UUID.randomUUID());
  }
}
