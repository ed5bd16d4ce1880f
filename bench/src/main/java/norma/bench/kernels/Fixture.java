package norma.bench.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import norma.array.Array;
import norma.array.DType;
import norma.array.HostMemory;
import norma.kernels.Backend;
import norma.kernels.Grad;
import norma.kernels.Kernels;

/// Arrays for one measured call. On a [norma.kernels.tracing.TracingBackend] they have shapes only.
final class Fixture {
  private final Backend backend;
  private final Kernels kernels;
  private final SplittableRandom random = new SplittableRandom(1);

  Fixture(Backend backend) {
    this.backend = backend;
    this.kernels = backend.kernels();
  }

  Kernels kernels() {
    return kernels;
  }

  /// Zeros.
  Array empty(int... shape) {
    return backend.allocate(DType.FLOAT32, shape);
  }

  /// A gradient that is overwritten.
  Grad grad(int... shape) {
    return Grad.write(empty(shape));
  }

  /// Standard normal numbers.
  Array normal(int... shape) {
    Array array = empty(shape);
    if (array.memory() instanceof HostMemory) {
      MemorySegment segment = array.segment();
      for (long i = 0; i < array.size(); i++) {
        segment.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
      }
    }
    return array;
  }

  /// Positive numbers around 1, for statistics and second moments.
  Array positive(int... shape) {
    Array array = normal(shape);
    if (array.memory() instanceof HostMemory) {
      MemorySegment segment = array.segment();
      for (long i = 0; i < array.size(); i++) {
        segment.setAtIndex(ValueLayout.JAVA_FLOAT, i,
            0.5f + Math.abs(segment.getAtIndex(ValueLayout.JAVA_FLOAT, i)));
      }
    }
    return array;
  }

  /// One number.
  Array scalar(double value) {
    Array array = empty();
    backend.write(array, new double[]{ value });
    return array;
  }

  /// Tokens below a bound.
  Array tokens(int bound, int... shape) {
    Array array = backend.allocate(DType.INT32, shape);
    int[] ids = new int[Math.toIntExact(array.size())];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = random.nextInt(bound);
    }
    backend.write(array, ids);
    return array;
  }

  /// A float64 number that a kernel writes.
  Array loss() {
    return backend.allocate(DType.FLOAT64);
  }
}
