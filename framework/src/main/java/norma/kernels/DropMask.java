package norma.kernels;

/// Which elements dropout sets to zero. The mask is never stored: forward and backward compute it from its stream.
///
/// @param probability of an element to be dropped, in [0, 1)
/// @param stream      random numbers of this layer at this step
/// @param first       index of the array's first element in the whole batch, so that a shard of a batch draws the
///                    mask that the whole batch would
public record DropMask(double probability, RandomStream stream, long first) {

  /// Keeps everything.
  public static final DropMask NONE = new DropMask(0, new RandomStream(0, 0), 0);

  /// What element i is multiplied by: 0, or 1/(1 - p).
  public double factor(long i) {
    if (probability == 0) {
      return 1;
    }
    double draw = (stream.bits(first + i) & 0xFFFFFFFFL) * 0x1p-32;
    return draw < probability ? 0 : 1 / (1 - probability);
  }
}
