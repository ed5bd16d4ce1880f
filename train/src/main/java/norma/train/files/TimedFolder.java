package norma.train.files;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/// A new folder `NAME-20260101-120000`, which no other process has.
public final class TimedFolder {
  private static final DateTimeFormatter ID = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss", Locale.ROOT);
  private static final int MOST = 100;

  private TimedFolder() {}

  /// Creates one; in a folder that has such a name already, `-2` is appended, and so on.
  ///
  /// @param now gives the folder its id
  public static Path create(Path parent, String name, LocalDateTime now, Disk disk) throws IOException {
    String first = name + "-" + ID.format(now);
    for (int attempt = 1;; attempt++) {
      try {
        Path folder = parent.resolve(attempt == 1 ? first : first + "-" + attempt);
        disk.createFolder(folder);
        return folder;
      } catch (FileAlreadyExistsException e) {
        if (attempt == MOST) {
          throw e;
        }
      }
    }
  }
}
