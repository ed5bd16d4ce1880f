package norma.kernels.cuda;

import norma.array.Array;
import norma.array.DType;
import norma.array.Memory;

/// Memory of the GPU.
final class CudaMemory implements Memory {
  private static final int ACCESS_BYTES = 16;
  private static final int NAN = 0x7FFFFFFF; // one float32, two bfloat16, half a float64

  private final Stream stream;
  private final DType dtype;
  private final long length;
  private final long address;

  /// Allocates it, with undefined contents.
  ///
  /// @throws OutOfMemoryError with what was asked for and what there is
  CudaMemory(Stream stream, DType dtype, long length) {
    this.stream = stream;
    this.dtype = dtype;
    this.length = length;
    this.address = stream.allocate(words() * Integer.BYTES);
  }

  /// Where it begins.
  long address() {
    return address;
  }

  /// Where an array's elements begin, for copies.
  ///
  /// @throws IllegalArgumentException if it is not in a GPU's memory
  static long start(Array array) {
    if (array.memory() instanceof CudaMemory memory) {
      return memory.address + array.offset() * array.dtype().bytes();
    }
    throw new IllegalArgumentException(array + " is not in the GPU's memory: copy it with Backend.write");
  }

  /// The same for kernels, which read and write 16 bytes at once.
  ///
  /// @throws IllegalArgumentException if it is not in a GPU's memory, or a window that does not begin at 16 bytes
  static long address(Array array) {
    long start = start(array);
    long bytes = array.offset() * array.dtype().bytes();
    if (bytes % ACCESS_BYTES != 0 && array.size() > 1) {
      throw new IllegalArgumentException(array + " begins " + bytes + " bytes into its memory; expected a multiple of "
          + ACCESS_BYTES + ": copy it first");
    }
    return start;
  }

  @Override
  public DType dtype() {
    return dtype;
  }

  @Override
  public long length() {
    return length;
  }

  /// Sets every element to 0.
  void clear() {
    stream.fill(address, 0, words());
  }

  @Override
  public void poison() {
    stream.fill(address, dtype == DType.INT32 ? Integer.MIN_VALUE : NAN, words());
  }

  private long words() {
    return (length * dtype.bytes() + Integer.BYTES - 1) / Integer.BYTES;
  }

  @Override
  public void close() {
    stream.free(address);
  }
}
