package norma.array;

import com.sun.management.OperatingSystemMXBean;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.Locale;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/// Memory in the host's address space, allocated by ND4J and seen as a [MemorySegment] and as an [INDArray] alike.
public final class HostMemory implements Memory {
  /// One cache line, and one AVX-512 register.
  public static final int ALIGNMENT_BYTES = 64;

  private final INDArray flat; // (length + padding)
  private final long start; // first aligned element of flat
  private final MemorySegment segment;
  private final DType dtype;
  private final long length;

  private HostMemory(INDArray flat, DType dtype, long start, long length) {
    this.flat = flat;
    this.dtype = dtype;
    this.start = start;
    this.length = length;
    this.segment = segmentAt(flat.data().address() + start * dtype.bytes(), length * dtype.bytes());
  }

  /// Allocates `length` elements, zeroed and aligned to [#ALIGNMENT_BYTES].
  ///
  /// @throws OutOfMemoryError with what was asked for and what there is, if the machine does not have that much
  public static HostMemory allocate(DType dtype, long length) {
    long padding = ALIGNMENT_BYTES / dtype.bytes();
    try (MemoryWorkspace outside = Nd4j.getWorkspaceManager().scopeOutOfWorkspaces()) {
      INDArray flat = create(dtype, length + padding);
      long misaligned = flat.data().address() % ALIGNMENT_BYTES;
      long start = misaligned == 0 ? 0 : (ALIGNMENT_BYTES - misaligned) / dtype.bytes();
      return new HostMemory(flat, dtype, start, length);
    }
  }

  private static INDArray create(DType dtype, long length) {
    try {
      return Nd4j.create(nd4jType(dtype), length);
    } catch (RuntimeException | OutOfMemoryError e) { // which of them depends on whether JavaCPP or ND4J's own code ran out
      if (e instanceof RuntimeException && !String.valueOf(e.getMessage()).contains("alloc")) {
        throw e;
      }
      var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
      var outOfMemory = new OutOfMemoryError(
          String.format(Locale.ROOT, "%d MiB of native memory were asked for, of %d MiB in the machine %d are free",
              (length * dtype.bytes()) >> 20, system.getTotalMemorySize() >> 20, system.getFreeMemorySize() >> 20));
      outOfMemory.initCause(e);
      throw outOfMemory;
    }
  }

  @Override
  public DType dtype() {
    return dtype;
  }

  @Override
  public long length() {
    return length;
  }

  /// The whole memory.
  public MemorySegment segment() {
    return segment;
  }

  /// An ND4J array over elements `[offset, offset + product of shape)`. Costs 5 to 10 microseconds.
  INDArray nd4j(long offset, int[] shape) {
    long[] dims = new long[shape.length];
    long[] strides = new long[shape.length];
    long stride = 1;
    for (int i = shape.length - 1; i >= 0; i--) {
      dims[i] = shape[i];
      strides[i] = stride;
      stride *= shape[i];
    }
    return nd4j(offset, dims, strides);
  }

  /// The same with strides, in elements.
  INDArray nd4j(long offset, long[] shape, long[] strides) {
    return Nd4j.create(flat.data(), shape, strides, start + offset, 'c');
  }

  @Override
  public void poison() {
    if (dtype == DType.INT32) {
      flat.assign(Integer.MIN_VALUE);
    } else {
      flat.assign(Double.NaN);
    }
  }

  @Override
  public void close() {
    flat.close();
  }

  private static DataType nd4jType(DType dtype) {
    return switch (dtype) {
      case FLOAT32 -> DataType.FLOAT;
      case FLOAT64 -> DataType.DOUBLE;
      case INT32 -> DataType.INT32;
      case BFLOAT16 ->
        throw new IllegalArgumentException("bfloat16 arrays are for GPUs: no kernel of the host computes with them");
    };
  }

  @SuppressWarnings("restricted") // the address and the size come from ND4J's own buffer
  private static MemorySegment segmentAt(long address, long bytes) {
    return MemorySegment.ofAddress(address).reinterpret(bytes);
  }
}
