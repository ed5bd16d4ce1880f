package norma.array;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.nd4j.linalg.api.ndarray.INDArray;

/// A dense row-major tensor: a shape and a window on [Memory] that one backend owns. It has no mathematics.
///
/// A reshape is a new shape on the same memory and costs nothing.
public final class Array {
  private final Memory memory;
  private final long offset; // elements
  private final int[] shape;
  private final long size;

  /// A window on `memory`.
  ///
  /// @param memory the elements
  /// @param offset first element of the window
  /// @param shape  dimensions, none for a scalar
  public Array(Memory memory, long offset, int... shape) {
    this.memory = memory;
    this.offset = offset;
    this.shape = shape.clone();
    this.size = size(shape);
    if (offset < 0 || offset + size > memory.length()) {
      throw new IndexOutOfBoundsException("elements " + offset + " to " + (offset + size) + " of " + memory.length());
    }
  }

  /// Elements in an array of this shape; 1 for a scalar.
  public static long size(int... shape) {
    long size = 1;
    for (int dim : shape) {
      if (dim < 0) {
        throw new IllegalArgumentException("negative dimension in " + Arrays.toString(shape));
      }
      size = Math.multiplyExact(size, dim);
    }
    return size;
  }

  /// Type of the elements.
  public DType dtype() {
    return memory.dtype();
  }

  /// Number of elements.
  public long size() {
    return size;
  }

  /// Number of dimensions; 0 for a scalar.
  public int rank() {
    return shape.length;
  }

  /// Dimensions (a copy).
  public int[] shape() {
    return shape.clone();
  }

  /// Dimension `i`; negative counts from the end.
  public int dim(int i) {
    return shape[i < 0 ? shape.length + i : i];
  }

  /// The array as a matrix of rows: all dimensions but the last, multiplied.
  public int rows() {
    return rank() == 0 ? 1 : Math.toIntExact(size / Math.max(1, dim(-1)));
  }

  /// Bytes of the elements.
  public long bytes() {
    return size * dtype().bytes();
  }

  /// The memory that this array is a window on.
  public Memory memory() {
    return memory;
  }

  /// First element of the window in [#memory()].
  public long offset() {
    return offset;
  }

  /// The same elements under another shape.
  ///
  /// @throws IllegalArgumentException if the sizes differ
  public Array reshape(int... newShape) {
    if (size(newShape) != size) {
      throw new IllegalArgumentException(this + " cannot have shape " + Arrays.toString(newShape));
    }
    return new Array(memory, offset, newShape);
  }

  /// Its elements in pieces, one after the other.
  ///
  /// @param most elements of a piece
  public List<Array> pieces(int most) {
    return LongStream.iterate(0, from -> from < size(), from -> from + most)
        .mapToObj(from -> slice(from, (int) Math.min(most, size() - from))).toList();
  }

  /// A window of `newShape` that starts at element `from` of this one.
  public Array slice(long from, int... newShape) {
    if (from < 0 || from + size(newShape) > size) {
      throw new IndexOutOfBoundsException("slice " + Arrays.toString(newShape) + " at " + from + " of " + this);
    }
    return new Array(memory, offset + from, newShape);
  }

  /// Exactly this array's bytes, bounds-checked. Host backends only.
  public MemorySegment segment() {
    return host().segment().asSlice(offset * dtype().bytes(), bytes());
  }

  /// All elements (a copy). Host backends only.
  public double[] numbers() {
    return dtype().numbers(segment());
  }

  /// An ND4J array over the same memory, without a copy. Host backends only; costs 5 to 10 microseconds.
  public INDArray nd4j() {
    return host().nd4j(offset, shape);
  }

  /// A strided ND4J view of the same memory. Host backends only.
  ///
  /// @param from    first element
  /// @param dims    shape of the view
  /// @param strides elements from one index to the next, of each dimension
  public INDArray nd4jView(long from, long[] dims, long[] strides) {
    long last = from;
    for (int i = 0; i < dims.length; i++) {
      last += (dims[i] - 1) * strides[i];
    }
    if (from < 0 || last >= size) {
      throw new IndexOutOfBoundsException("view " + Arrays.toString(dims) + " at " + from + " of " + this);
    }
    return host().nd4j(offset + from, dims, strides);
  }

  private HostMemory host() {
    if (memory instanceof HostMemory host) {
      return host;
    }
    throw new IllegalStateException(this + " is not in host memory: copy it with Backend.read");
  }

  @Override
  public String toString() {
    return dtype() + Arrays.toString(shape);
  }
}
