package norma.train.config;

import norma.nn.Setting;

/// The numbers that a key accepts.
///
/// @param min  smallest
/// @param max  largest; finite, so that no range contains an infinity or NaN
/// @param text how an error message calls the range
public record Range(double min, double max, String text) {

  /// Whole numbers, both ends included.
  public static Range whole(int min, int max) {
    return new Range(min, max, min + " to " + max);
  }

  /// `[min, ...)`.
  public static Range from(double min) {
    return new Range(min, Double.MAX_VALUE, text(min) + " or more");
  }

  /// `(min, ...)`.
  public static Range above(double min) {
    return new Range(Math.nextUp(min), Double.MAX_VALUE, "a number above " + text(min));
  }

  /// `[0, 1)`.
  public static Range belowOne() {
    return new Range(0, Math.nextDown(1.0), "a number from 0 to below 1");
  }

  /// `(0, 1)`.
  public static Range share() {
    return new Range(Double.MIN_VALUE, Math.nextDown(1.0), "a number above 0 and below 1");
  }

  /// `(0, 1]`.
  public static Range fraction() {
    return new Range(Double.MIN_VALUE, 1, "a number above 0, at most 1");
  }

  /// What a norm type's setting accepts.
  static Range of(Setting.Number setting) {
    if (setting.max() < Double.MAX_VALUE) {
      return new Range(setting.min(), setting.max(),
          text(setting.min()) + " to " + text(setting.max()));
    }
    if (setting.min() == -Double.MAX_VALUE) {
      return new Range(setting.min(), setting.max(), "a finite number");
    }
    return setting.min() == Double.MIN_VALUE ? above(0) : from(setting.min());
  }

  /// `0`, not `0.0`: a bound is read as a quantity, not as what to write.
  private static String text(double bound) {
    return bound == Math.rint(bound) && Math.abs(bound) < 1e7 ? Integer.toString((int) bound) : YamlText.of(bound);
  }

  /// Whether a number is inside.
  public boolean contains(double value) {
    return value >= min && value <= max;
  }

  /// Refuses a whole number outside.
  ///
  /// @throws IllegalArgumentException if the value at `path` is outside
  public void check(String path, int value) {
    check(path, value, Integer.toString(value));
  }

  /// Refuses a number outside.
  ///
  /// @throws IllegalArgumentException if the value at `path` is outside
  public void check(String path, double value) {
    check(path, value, YamlText.of(value));
  }

  private void check(String path, double value, String shown) {
    if (!contains(value)) {
      throw new IllegalArgumentException(path + " is " + shown + "; expected " + text);
    }
  }
}
