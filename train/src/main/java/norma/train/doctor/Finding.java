package norma.train.doctor;

import java.util.List;

/// What one check found.
///
/// @param label  of its lines, at most eight letters
/// @param facts  for people, a line each
/// @param advice what to change; empty if there is nothing to gain
public record Finding(String label, List<String> facts, List<Advice> advice) {
  /// One fact, and nothing to change.
  public static Finding of(String label, String fact) {
    return new Finding(label, List.of(fact), List.of());
  }

  static Finding of(String label, String fact, Advice advice) {
    return new Finding(label, List.of(fact), List.of(advice));
  }
}
