package norma.train.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import norma.train.files.Errors;
import norma.train.files.WholeFile;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// Where a command's page or picture goes: the same for every command that prints its results as well.
final class PageOption {
  @Option(names = "--out", paramLabel = "FILE", description = "Where the page or picture goes, instead of its usual place.")
  private @Nullable Path out;

  /// The place, tried before anything is computed. Where nobody asked for it and it cannot be written, that is said, and the rest is worth
  /// having.
  ///
  /// @param usual where it goes by default
  /// @throws IOException if the place that was asked for cannot be written
  Optional<Path> place(Path usual, Console console) throws IOException {
    Path page = out == null ? usual : out;
    try {
      WholeFile.probe(page);
      return Optional.of(page);
    } catch (IOException e) {
      if (out != null) {
        throw e;
      }
      console.warn("no " + usual.getFileName() + ": " + Errors.line(e) + "; --out FILE puts it elsewhere");
      return Optional.empty();
    }
  }
}
