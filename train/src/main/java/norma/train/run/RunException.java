package norma.train.run;

import norma.train.files.Printable;

/// A file or folder of a run is missing, damaged or not writable. One line for the user; exit code 3.
public final class RunException extends RuntimeException {
  /// @param message what, where, what was expected, what to do; line breaks (a file name may hold one) become spaces
  public RunException(String message) {
    super(Printable.unbroken(message));
  }

  /// @param cause for `--debug`
  public RunException(String message, Throwable cause) {
    super(Printable.unbroken(message), cause);
  }
}
