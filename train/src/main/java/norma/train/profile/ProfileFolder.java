package norma.train.profile;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/// What a profile leaves behind: `profile.json`, `layers.csv`, `trace.json`, `report.html`.
///
/// @param path the folder
public record ProfileFolder(Path path) {
  private static final DateTimeFormatter ID = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss", Locale.ROOT);

  /// Creates a folder, `parent/NAME-TIME`.
  ///
  /// @throws IOException if it cannot be written
  public static ProfileFolder create(Path parent, String name, LocalDateTime now) throws IOException {
    Files.createDirectories(parent);
    String first = name + "-" + ID.format(now);
    for (int i = 1;; i++) {
      try {
        return new ProfileFolder(Files.createDirectory(parent.resolve(i == 1 ? first : first + "-" + i)));
      } catch (FileAlreadyExistsException e) {
        if (i == 100) {
          throw e;
        }
      }
    }
  }

  /// Leaves nothing behind after a measurement that failed.
  public void deleteIfEmpty() throws IOException {
    try (Stream<Path> files = Files.list(path)) {
      if (files.findAny().isPresent()) {
        return;
      }
    }
    Files.delete(path);
  }

  /// Where `--jfr` puts its recording.
  public Path recording() {
    return path.resolve("profile.jfr");
  }

  /// Writes all files.
  ///
  /// @param facts label and value, for people
  public void write(ProfilePlan plan, List<Profile> profiles, Map<String, String> facts) throws IOException {
    Files.writeString(path.resolve("profile.json"), ProfileJson.of(plan, profiles, facts));
    Files.writeString(path.resolve("layers.csv"), LayersCsv.of(profiles));
    ChromeTrace.write(path.resolve("trace.json"), profiles);
    ProfileReport.write(path, plan, profiles, facts);
  }
}
