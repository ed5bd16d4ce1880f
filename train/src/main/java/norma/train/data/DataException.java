package norma.train.data;

import norma.train.files.Printable;

/// Trouble with a corpus, a vocabulary or a file. The message is one line for people: what, where, what was expected,
/// and the next step.
public final class DataException extends RuntimeException {
  /// @param message made one line: line breaks (a file name may hold one) become spaces
  public DataException(String message) {
    super(Printable.unbroken(message));
  }

  /// @param message made one line: line breaks (a file name may hold one) become spaces
  /// @param cause what was caught, for the stack trace
  public DataException(String message, Throwable cause) {
    super(Printable.unbroken(message), cause);
  }
}
