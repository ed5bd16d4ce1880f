package norma.train.disk;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.UUID;

/// Text that a reader finds as a whole, old or new, however many processes write it. It may be lost with the power: what must not be
/// is written by [Disk#replace].
public final class WholeFile {
  private WholeFile() {}

  /// Writes the file, or replaces it.
  ///
  /// @param file whose folder exists
  public static void write(Path file, String text) throws IOException {
    Path beside = file.resolveSibling("." + file.getFileName() + "." + UUID.randomUUID());
    try {
      Files.writeString(beside, text);
      Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(beside); // after a failed write
    }
  }
}
