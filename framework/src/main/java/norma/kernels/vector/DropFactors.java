package norma.kernels.vector;

import norma.kernels.DropMask;

/// Factors of a dropout mask, computed a piece at a time into memory that stays.
final class DropFactors {
  private int[] bits = {};
  private float[] factors = {};

  /// The factors of `count` elements from `first` on, until the next call.
  float[] of(DropMask mask, long first, int count) {
    if (factors.length < count) {
      bits = new int[count];
      factors = new float[count];
    }
    mask.factors(first, count, bits, factors);
    return factors;
  }
}
