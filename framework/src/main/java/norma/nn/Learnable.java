package norma.nn;

import java.util.ArrayList;
import java.util.List;

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
    List<String> words = new ArrayList<>();
    if (perChannel) {
      words.add("channel");
    }
    if (fixed) {
      words.add("fixed");
    }
    if (positive) {
      words.add("softplus");
    }
    if (decay) {
      words.add("decay");
    }
    return words;
  }
}
