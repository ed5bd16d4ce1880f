package norma.train.files;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/// A folder that a reader finds as a whole, or not at all.
public final class WholeFolder {
  private WholeFolder() {}

  /// Writes a new folder.
  ///
  /// @throws IOException if there is something already that is no empty folder, or it cannot be written; nothing is left then
  public static void write(Path folder, Disk.Content content) throws IOException {
    requireNew(folder);
    Path beside = WholeFile.beside(folder);
    try {
      Files.createDirectory(beside);
    } catch (FileSystemException e) {
      throw WholeFile.refused(folder, e);
    }
    try {
      content.to(beside);
      Files.move(beside, folder, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw WholeFile.named(folder, e);
    } finally {
      Tree.delete(beside); // after a failed write
    }
  }

  private static void requireNew(Path folder) throws IOException {
    if (Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
      if (!Tree.list(folder).isEmpty()) {
        throw new FileSystemException(folder.toString(), null, "the folder is not empty; expected a new one");
      }
    } else if (Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
      throw new FileSystemException(folder.toString(), null, "a file with this name is in the way");
    }
  }
}
