package norma.train.data;

/// A stream of random numbers that can be read at any place: a function of its index, so that a batch can be drawn
/// again. Each purpose (training, evaluation) has its own stream; the seed is the stream's.
@FunctionalInterface
public interface Draw {
  /// A uniform number in `[0, bound)`.
  ///
  /// @param index the place in the stream, 0 or more
  /// @param bound 1 or more
  long bounded(long index, long bound);
}
