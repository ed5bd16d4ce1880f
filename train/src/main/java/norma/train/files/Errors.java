package norma.train.files;

import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.ReadOnlyFileSystemException;
import java.util.Objects;
import java.util.Optional;

/// What went wrong, in one line.
public final class Errors {
  private Errors() {}

  /// The exceptions of `java.nio.file` often carry only a path: this adds what their type says.
  public static String line(Throwable e) {
    String message = Optional.ofNullable(e.getMessage()).flatMap(text -> text.lines().findFirst())
        .orElse(e.getClass().getSimpleName());
    return switch (e) {
      case NoSuchFileException missing -> missing.getReason() == null
          ? missing.getFile() + ": no such file or folder"
          : missing.getFile() + ": " + missing.getReason();
      case AccessDeniedException denied -> denied.getFile() + ": permission denied";
      case FileAlreadyExistsException exists -> exists.getFile() + ": a file with this name is in the way";
      case NotDirectoryException file -> file.getFile() + ": a file with this name is in the way";
      case FileSystemException other -> other.getFile() == null
          ? message
          : other.getFile() + ": " + (other.getReason() == null ? "cannot be used" : other.getReason());
      case UncheckedIOException io -> line(Objects.requireNonNull(io.getCause()));
      case ReadOnlyFileSystemException _ -> "the file system is read-only";
      default -> message;
    };
  }
}
