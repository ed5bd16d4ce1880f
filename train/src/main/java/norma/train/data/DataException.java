package norma.train.data;

/// Trouble with a corpus, a vocabulary or a file. The message is one line for people: what, where, what was expected,
/// and the next step.
public final class DataException extends RuntimeException {
  /// @param message made one line: line breaks (a file name may hold one) become spaces
  public DataException(String message) {
    super(oneLine(message));
  }

  /// @param message made one line: line breaks (a file name may hold one) become spaces
  /// @param cause what was caught, for the stack trace
  public DataException(String message, Throwable cause) {
    super(oneLine(message), cause);
  }

  private static String oneLine(String message) {
    return message.replaceAll("\\R", " ");
  }
}
