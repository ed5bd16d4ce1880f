package norma.kernels;

import java.lang.foreign.MemorySegment;
import norma.array.Array;
import org.nd4j.linalg.api.ndarray.INDArray;

/// Where a backward kernel puts the gradient of one input.
///
/// @param array the gradient's memory, of the input's shape
/// @param add   whether to add to what is there (another use of the same input came before) or to overwrite it
public record Grad(Array array, boolean add) {

  /// Overwrites `array`.
  public static Grad write(Array array) {
    return new Grad(array, false);
  }

  /// The memory, to add rows to: zeroed if it is to be overwritten. Host backends only.
  public MemorySegment start() {
    MemorySegment segment = array.segment();
    if (!add) {
      segment.fill((byte) 0);
    }
    return segment;
  }

  /// Puts an ND4J array of as many elements here. Host backends only.
  public void put(INDArray value) {
    put(array.reshape(Math.toIntExact(array.size())).nd4j(), value.reshape('c', new long[]{ value.length() }));
  }

  /// Puts an ND4J array into a view of the memory.
  public void put(INDArray part, INDArray value) {
    if (add) {
      part.addi(value);
    } else {
      part.assign(value);
    }
  }

  /// Adds to `array`.
  public static Grad add(Array array) {
    return new Grad(array, true);
  }
}
