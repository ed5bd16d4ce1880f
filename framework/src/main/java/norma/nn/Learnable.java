package norma.nn;

import java.util.List;
import java.util.stream.Stream;

/// What a slot's own formula says of one of its names.
///
/// @param start      starting value, or the value if it is fixed
/// @param perChannel whether it is a vector (C)
/// @param fixed      whether it is a constant
/// @param positive   whether it is learned as its inverse softplus
/// @param decay      whether weight decay applies
public record Learnable(double start, boolean perChannel, boolean fixed, boolean positive, boolean decay) {

  /// A number that is learned.
  public static Learnable from(double start) {
    return new Learnable(start, false, false, false, false);
  }

  /// The same with another start.
  public Learnable startingAt(double value) {
    return new Learnable(value, perChannel, fixed, positive, decay);
  }

  List<String> words() {
    return Stream.of(perChannel ? "channel" : "", fixed ? "fixed" : "", positive ? "softplus" : "",
        decay ? "decay" : "").filter(word -> !word.isEmpty()).toList();
  }
}
