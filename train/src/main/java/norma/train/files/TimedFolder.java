package norma.train.files;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A new folder `NAME-20260101-120000`, which no other process has.
public final class TimedFolder {
  private static final DateTimeFormatter ID = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss", Locale.ROOT);
  private static final int MOST = 100;

  private static final Pattern TIMED = Pattern.compile(".+-(\\d{4})(\\d{2})(\\d{2})-\\d{6}(-\\d+)?");

  private TimedFolder() {}

  /// The day in a folder's name, `2026-01-01`; nothing if it has no such name.
  public static Optional<String> day(Path folder) {
    Matcher timed = TIMED.matcher(String.valueOf(folder.getFileName()));
    return timed.matches()
        ? Optional.of(timed.group(1) + "-" + timed.group(2) + "-" + timed.group(3))
        : Optional.empty();
  }

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
