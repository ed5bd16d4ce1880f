package norma.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.OptionalLong;
import norma.array.Array;
import norma.array.DType;

/// Where arrays live and kernels run.
public interface Backend extends AutoCloseable {

  /// The name in the configuration: `nd4j`, `cpu` or `cuda`.
  String name();

  /// One line for people: device, library, threads.
  String description();

  /// The GPU's name; empty where the machine's own processor computes.
  default String gpu() {
    return "";
  }

  /// Threads that compute.
  int threads();

  /// Element type of weights, their gradients and moments.
  DType dtype();

  /// Element type of activations and their gradients, that of [Kernels#dtype].
  default DType activations() {
    return dtype();
  }

  /// Bytes of the device's own memory that are free; empty where arrays lie in the host's.
  default OptionalLong deviceBytes() {
    return OptionalLong.empty();
  }

  /// Widest head of attention that it computes.
  default int widestHead() {
    return Integer.MAX_VALUE;
  }

  /// Threads that a step's sequences are divided among, each with kernels of its own; 1 if the kernels divide their own work.
  default int workers() {
    return 1;
  }

  /// Logical parts of a step's batch, each with gradients of its own, which are added in a fixed order; 1 if the kernels divide
  /// their own work.
  default int shards() {
    return 1;
  }

  /// Ends what [Kernels#prepare] promised. No kernel may be running.
  default void weightsChanged() {}

  /// A zeroed array that lives as long as the backend.
  Array allocate(DType dtype, int... shape);

  /// Kernels with an arena of their own, for one worker thread.
  Kernels kernels();

  /// Copies numbers to an array, converting to its element type.
  ///
  /// @throws IllegalArgumentException if the lengths differ, or for an array of integers
  default void write(Array target, double[] values) {
    if (target.dtype() == DType.INT32) {
      throw new IllegalArgumentException("fractions cannot go to " + target);
    }
    checkLength(target, values.length);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment numbers = arena.allocate(target.bytes(), 8);
      for (int i = 0; i < values.length; i++) {
        target.dtype().set(numbers, i, values[i]);
      }
      copy(numbers, target);
    }
  }

  /// Copies integers to an array of type INT32.
  ///
  /// @throws IllegalArgumentException if the lengths differ, or for an array of another type
  default void write(Array target, int[] values) {
    if (target.dtype() != DType.INT32) {
      throw new IllegalArgumentException("integers cannot go to " + target);
    }
    checkLength(target, values.length);
    copy(MemorySegment.ofArray(values), target);
  }

  private static void checkLength(Array target, int length) {
    if (target.size() != length) {
      throw new IllegalArgumentException(length + " numbers cannot go to " + target);
    }
  }

  /// Copies an array's elements from the device.
  default double[] read(Array source) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment numbers = arena.allocate(source.bytes(), 8);
      copy(source, numbers);
      return source.dtype().numbers(numbers);
    }
  }

  /// Copies elements as they lie to an array, after everything that was started.
  void copy(MemorySegment from, Array to);

  /// Copies an array's elements as they lie, after everything that was started.
  void copy(Array from, MemorySegment to);

  /// Waits for everything that was started.
  void synchronize();

  @Override
  void close();
}
