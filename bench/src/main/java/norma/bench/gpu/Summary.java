package norma.bench.gpu;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// Rows of the table that `bench/gpu-check` ends with: one a line, four columns, tabs between them.
///
/// @param file that rows are appended to
record Summary(Path file) {
  /// What a row says of its goal.
  enum Verdict {
    /// Reached.
    OK("ok"),
    /// Not reached, and the check fails.
    FAILED("FAILED"),
    /// Not reached: worth work, no fault.
    MISSED("missed"),
    /// There is no goal.
    SHOWN("-");

    private final String word;

    Verdict(String word) {
      this.word = word;
    }

    /// Of a goal that must be reached.
    static Verdict must(boolean reached) {
      return reached ? OK : FAILED;
    }

    /// Of a goal that may be missed.
    static Verdict goal(boolean reached) {
      return reached ? OK : MISSED;
    }
  }

  /// @param what   was measured
  /// @param figure that came out
  /// @param goal   in words, or empty
  void add(String what, String figure, String goal, Verdict verdict) {
    try {
      Files.writeString(file, String.join("\t", what, figure, goal, verdict.word) + "\n", StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
