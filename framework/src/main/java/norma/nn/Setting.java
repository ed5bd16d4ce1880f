package norma.nn;

import java.util.List;

/// One setting that a [NormType] accepts in its slot of the configuration, with its default and what it allows.
public sealed interface Setting {

  /// The key in the configuration.
  String name();

  /// The value where the configuration says nothing: a [Double], [Integer], [Boolean] or [String].
  Object value();

  /// A finite number.
  ///
  /// @param positive whether it is above zero
  record Number(String name, Double value, boolean positive) implements Setting {}

  /// A whole number from 1 to `max`.
  record Count(String name, Integer value, int max) implements Setting {}

  /// True or false.
  record Flag(String name, Boolean value) implements Setting {}

  /// One of a few words.
  record Choice(String name, String value, List<String> choices) implements Setting {}

  /// A number without bounds.
  static Setting number(String name, double value) {
    return new Number(name, value, false);
  }

  /// A number above zero.
  static Setting positive(String name, double value) {
    return new Number(name, value, true);
  }

  /// A whole number, at least 1.
  static Setting count(String name, int value, int max) {
    return new Count(name, value, max);
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
