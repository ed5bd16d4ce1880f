package norma.formula;

/// `log(1 + exp(x))`, by which DyISRU's beta stays positive.
public final class Softplus {
  private Softplus() {}

  /// The function, without overflow.
  public static double of(double x) {
    return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
  }

  /// The x whose softplus is `y`.
  ///
  /// @param y above 0
  public static double inverse(double y) {
    return y + Math.log(-Math.expm1(-y));
  }
}
