package norma.kernels.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Single numbers of float32 in memory, by their index.
final class Floats {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private Floats() {}

  static float get(MemorySegment segment, long index) {
    return segment.get(FLOAT, index << 2);
  }

  static void set(MemorySegment segment, long index, float value) {
    segment.set(FLOAT, index << 2, value);
  }
}
