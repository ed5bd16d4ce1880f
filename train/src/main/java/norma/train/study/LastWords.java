package norma.train.study;

import java.util.List;
import java.util.Optional;

/// Why a process failed, from what it has printed.
final class LastWords {
  private static final String NORMA = "norma: ";
  private static final String CRASH = "Exception in thread ";

  private LastWords() {}

  /// Its last error line; of one that crashed, what was thrown.
  ///
  /// @param code its exit code, which is all that is known of one that said nothing
  static String of(String output, String code) {
    List<String> lines = output.lines().toList();
    Optional<String> error = lines.stream().filter(line -> line.startsWith(NORMA)).reduce((first, second) -> second)
        .map(line -> line.substring(NORMA.length()));
    return error.or(() -> lines.stream().filter(line -> line.startsWith(CRASH)).findFirst())
        .orElse("exit code " + code);
  }
}
