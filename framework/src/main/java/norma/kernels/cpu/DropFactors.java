package norma.kernels.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import norma.kernels.DropMask;

/// Factors of a dropout mask, computed a piece at a time into memory that stays.
final class DropFactors implements AutoCloseable {
  private final Spare spare = new Spare();
  private int[] bits = {};
  private float[] factors = {};

  /// The factors of `count` elements from `first` on, until the next call.
  MemorySegment of(DropMask mask, long first, int count) {
    if (factors.length < count) {
      bits = new int[count];
      factors = new float[count];
    }
    mask.factors(first, count, bits, factors);
    MemorySegment memory = spare.floats(count);
    MemorySegment.copy(factors, 0, memory, ValueLayout.JAVA_FLOAT, 0, count);
    return memory;
  }

  @Override
  public void close() {
    spare.close();
  }
}
