package norma.machine;

/// Machine code cannot run here. Callers answer with another backend.
public final class RefusedException extends Exception {
  private static final long serialVersionUID = 1;

  private final String reason;

  /// @param reason for people
  public RefusedException(String reason) {
    super(reason);
    this.reason = reason;
  }

  /// Why, for people.
  public String reason() {
    return reason;
  }
}
