package norma.train.run;

/// A file or folder of a run is missing, damaged or not writable. One line for the user; exit code 3.
public final class RunException extends RuntimeException {
  /// @param message what, where, what was expected, what to do
  public RunException(String message) {
    super(message);
  }

  /// @param cause for `--debug`
  public RunException(String message, Throwable cause) {
    super(message, cause);
  }
}
