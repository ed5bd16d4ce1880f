package norma.train.profile;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.List;
import java.util.Map;
import norma.train.files.Disk;
import norma.train.files.TimedFolder;
import norma.train.files.WholeFile;

/// A profile's folder: `profile.json`, `layers.csv`, `trace.json`, `report.html`.
///
/// @param path the folder
public record ProfileFolder(Path path) {
  /// Makes the folder of all profiles and tries whether others can be made in it, before a measurement that would be lost.
  ///
  /// @throws IOException if not
  public static void probe(Path parent) throws IOException {
    Files.createDirectories(parent);
    WholeFile.probe(parent.resolve(".profile"));
  }

  /// Creates a folder, `parent/NAME-TIME`.
  ///
  /// @throws IOException if it cannot be written
  public static ProfileFolder create(Path parent, String name, LocalDateTime now) throws IOException {
    return new ProfileFolder(TimedFolder.create(parent, name, now, Disk.real()));
  }

  /// Writes all files.
  ///
  /// @param facts label and value, for people
  public void write(ProfilePlan plan, List<Profile> profiles, Map<String, String> facts) throws IOException {
    WholeFile.write(path.resolve("profile.json"), ProfileJson.of(plan, profiles, facts));
    WholeFile.write(path.resolve("layers.csv"), ProfileTables.csv(profiles));
    WholeFile.write(path.resolve("trace.json"), ChromeTrace.of(profiles));
    WholeFile.write(path.resolve("report.html"), ProfileReport.of(plan, profiles, facts));
  }
}
