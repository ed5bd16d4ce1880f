package norma.train.export;

import java.io.IOException;
import java.nio.file.Path;
import norma.train.run.SavedRun;

/// Writes a run in one form.
interface Exporter {
  /// Writes the file or folder, whole or not at all.
  ///
  /// @param to its place; the folder above it is there
  /// @return what to do with it, for people
  /// @throws IOException              if it cannot be written
  /// @throws IllegalArgumentException if the form cannot hold the run
  String write(SavedRun run, Path to) throws IOException;
}
