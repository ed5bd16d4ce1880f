package norma.array;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/// Element types of an [Array].
public enum DType {
  FLOAT32(4), FLOAT64(8), INT32(4),
  /// The upper half of a float32; activations on a GPU only.
  BFLOAT16(2);

  private final int bytes;

  DType(int bytes) {
    this.bytes = bytes;
  }

  /// Bytes of one element.
  public int bytes() {
    return bytes;
  }

  /// All elements of memory. They are copied at once, then converted: one by one through the segment is slow until that loop is compiled,
  /// and was half of an early probe's time (2026-11-25).
  public double[] numbers(MemorySegment memory) {
    return switch (this) {
      case FLOAT64 -> memory.toArray(ValueLayout.JAVA_DOUBLE);
      case INT32 -> Arrays.stream(memory.toArray(ValueLayout.JAVA_INT)).asDoubleStream().toArray();
      case FLOAT32 -> {
        float[] floats = memory.toArray(ValueLayout.JAVA_FLOAT);
        double[] numbers = new double[floats.length];
        for (int i = 0; i < numbers.length; i++) {
          numbers[i] = floats[i];
        }
        yield numbers;
      }
      case BFLOAT16 -> {
        short[] halves = memory.toArray(ValueLayout.JAVA_SHORT);
        double[] numbers = new double[halves.length];
        for (int i = 0; i < numbers.length; i++) {
          numbers[i] = Float.intBitsToFloat(halves[i] << 16);
        }
        yield numbers;
      }
    };
  }

  /// Sets element i of memory to the nearest number of this type; for integers, to the next one towards 0.
  public void set(MemorySegment memory, long i, double value) {
    switch (this) {
      case FLOAT32 -> memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) value);
      case FLOAT64 -> memory.setAtIndex(ValueLayout.JAVA_DOUBLE, i, value);
      case INT32 -> memory.setAtIndex(ValueLayout.JAVA_INT, i, (int) value);
      case BFLOAT16 -> memory.setAtIndex(ValueLayout.JAVA_SHORT, i, bfloat16((float) value));
    }
  }

  /// Halves go to even numbers.
  private static short bfloat16(float x) {
    int bits = Float.floatToRawIntBits(x);
    return Float.isNaN(x) ? 0x7FC0 : (short) ((bits + 0x7FFF + (bits >>> 16 & 1)) >>> 16);
  }
}
