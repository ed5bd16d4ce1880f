package norma.kernels;

import norma.random.RandomStream;

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
    return factor(stream.bits(first + i));
  }

  /// The factors of `count` elements from i on.
  ///
  /// @param bits spare memory for `count` numbers
  public void factors(long i, int count, int[] bits, float[] out) {
    stream.bits(first + i, bits, count);
    for (int k = 0; k < count; k++) {
      out[k] = (float) factor(bits[k]);
    }
  }

  private double factor(int bits) {
    double draw = (bits & 0xFFFFFFFFL) * 0x1p-32;
    return draw < probability ? 0 : 1 / (1 - probability);
  }
}
