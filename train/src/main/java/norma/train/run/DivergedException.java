package norma.train.run;

/// The loss or a gradient is not finite. One line for the user; exit code 4.
public final class DivergedException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /// @param message what happened where, and what to try
  public DivergedException(String message) {
    super(message);
  }
}
