package norma.train.doctor;

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
