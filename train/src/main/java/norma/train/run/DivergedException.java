package norma.train.run;

/// A run's numbers are not finite.
public final class DivergedException extends RuntimeException {
  private final String firstBad;

  /// @param message one line, with what to try
  public DivergedException(String message) {
    this(message, "");
  }

  private DivergedException(String message, String firstBad) {
    super(message);
    this.firstBad = firstBad;
  }

  /// @param what     is not finite
  /// @param firstBad where it began: a layer, or an array by its name
  static DivergedException of(String what, String firstBad) {
    return new DivergedException(what + "; first not finite: " + firstBad, firstBad);
  }

  /// Where it began; empty if unknown.
  String firstBad() {
    return firstBad;
  }
}
