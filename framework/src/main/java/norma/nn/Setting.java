package norma.nn;

import java.util.List;

/// One setting that a [NormType] accepts in its slot of the configuration, with its default and what it allows.
public sealed interface Setting {

  /// The key in the configuration.
  String name();

  /// The value where the configuration says nothing: a [Double], [Integer], [Boolean] or [String].
  Object value();

  /// A finite number in `[min, max]`.
  record Number(String name, Double value, double min, double max) implements Setting {}

  /// A whole number in `[min, max]`.
  record Count(String name, Integer value, int min, int max) implements Setting {}

  /// True or false.
  record Flag(String name, Boolean value) implements Setting {}

  /// One of a few words.
  record Choice(String name, String value, List<String> choices) implements Setting {}

  /// A number without bounds.
  static Setting number(String name, double value) {
    return new Number(name, value, -Double.MAX_VALUE, Double.MAX_VALUE);
  }

  /// A number above zero.
  static Setting positive(String name, double value) {
    return new Number(name, value, Double.MIN_VALUE, Double.MAX_VALUE);
  }

  /// A whole number, at least 1.
  static Setting count(String name, int value, int max) {
    return new Count(name, value, 1, max);
  }

  /// A switch.
  static Setting flag(String name, boolean value) {
    return new Flag(name, value);
  }

  /// A choice between words; the first is the default.
  static Setting choice(String name, String... choices) {
    return new Choice(name, choices[0], List.of(choices));
  }
}
