package norma.kernels.cpu;

import java.lang.foreign.MemorySegment;
import norma.array.DType;
import norma.array.HostMemory;

/// Memory that a kernel needs for itself, kept from call to call and grown where more is asked for.
final class Spare implements AutoCloseable {
  private HostMemory memory = HostMemory.allocate(DType.FLOAT32, 1);
  private MemorySegment segment = memory.segment();

  /// At least `size` elements with undefined contents.
  MemorySegment floats(long size) {
    if (memory.length() < size) {
      memory.close();
      memory = HostMemory.allocate(DType.FLOAT32, size);
      segment = memory.segment();
    }
    return segment;
  }

  @Override
  public void close() {
    memory.close();
  }
}
