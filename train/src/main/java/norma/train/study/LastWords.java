package norma.train.study;

import java.util.Optional;

/// Why a process failed, from what it has printed.
public final class LastWords {
  private static final String NORMA = "norma: ";
  private static final String CRASH = "Exception in thread ";

  private LastWords() {}

  /// Its last error line; of one that crashed, what was thrown.
  ///
  /// @param code its exit code, which is all that is known of one that said nothing
  static String of(String output, String code) {
    return error(output).or(() -> output.lines().filter(line -> line.startsWith(CRASH)).findFirst())
        .orElse("exit code " + code);
  }

  /// Its last error line, if it has one.
  public static Optional<String> error(String output) {
    return output.lines().filter(line -> line.startsWith(NORMA)).reduce((first, second) -> second)
        .map(line -> line.substring(NORMA.length()));
  }
}
