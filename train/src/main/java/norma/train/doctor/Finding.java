package norma.train.doctor;

import java.util.List;

/// One check's result.
///
/// @param label  before its lines, at most eight letters
/// @param facts  for people, a line each
/// @param advice what to change; empty if there is nothing to gain
public record Finding(String label, List<String> facts, List<Advice> advice) {
  /// Something to change.
  ///
  /// @param what   to do, an imperative
  /// @param why    what was found
  /// @param effect measured here, or why it was not measured
  public record Advice(String what, String why, String effect) {
    /// For people.
    public String sentence() {
      return what + ": " + why + "; " + effect;
    }
  }

  /// One fact, and what to change.
  public static Finding of(String label, String fact, Advice... advice) {
    return new Finding(label, List.of(fact), List.of(advice));
  }
}
