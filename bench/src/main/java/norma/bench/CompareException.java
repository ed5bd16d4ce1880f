package norma.bench;

/// A comparison that cannot be made, in one line for people.
public final class CompareException extends RuntimeException {
  private static final long serialVersionUID = 1;

  CompareException(String message) {
    super(message);
  }
}
