package norma.kernels;

import java.util.Arrays;
import java.util.SplittableRandom;
import norma.array.Array;
import norma.array.DType;
import norma.kernels.nd4j.Nd4jBackend;

/// Arrays and kernels for one test: of the definition, unless it is said otherwise.
public final class Workbench implements AutoCloseable {
  private final Backend backend;
  private final Kernels kernels;

  public Workbench(DType dtype) {
    this(new Nd4jBackend(dtype, true));
  }

  /// On another backend, which is closed with the workbench.
  public Workbench(Backend backend) {
    this.backend = backend;
    kernels = backend.kernels();
  }

  public Backend backend() {
    return backend;
  }

  public Kernels kernels() {
    return kernels;
  }

  public Array array(double[] values, int... shape) {
    Array array = backend.allocate(backend.dtype(), shape);
    backend.write(array, values);
    return array;
  }

  public Array ids(int[] values, int... shape) {
    Array array = backend.allocate(DType.INT32, shape);
    backend.write(array, values);
    return array;
  }

  /// An array full of NaN, so that an element that is not overwritten shows.
  public Array unwritten(DType dtype, int... shape) {
    Array array = backend.allocate(dtype, shape);
    array.memory().poison();
    return array;
  }

  /// An array full of NaN in the backend's type.
  public Array unwritten(int... shape) {
    return unwritten(backend.dtype(), shape);
  }

  public double[] read(Array array) {
    return backend.read(array);
  }

  /// Runs kernels inside a scratch scope.
  public void run(Runnable calls) {
    try (Kernels.Scratch scratch = kernels.scratch()) {
      calls.run();
    }
  }

  /// Standard normal numbers, the same for the same seed.
  public static double[] normal(long size, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    return random.doubles(size).map(u -> Math.sqrt(-2 * Math.log(1 - u)) * Math.cos(2 * Math.PI * random.nextDouble()))
        .toArray();
  }

  public static double[] times(double factor, double[] values) {
    return Arrays.stream(values).map(v -> factor * v).toArray();
  }

  /// The largest finite magnitude: a limit that is NaN or infinite would let every difference pass.
  public static double largest(double[] values) {
    return Arrays.stream(values).map(Math::abs).filter(Double::isFinite).max().orElse(0);
  }

  /// The largest difference; infinite where one is NaN.
  ///
  /// @param expected of each element, of each row or of all
  public static double difference(double[] actual, double[] expected) {
    double worst = 0;
    for (int i = 0; i < actual.length; i++) {
      double error = Math.abs(actual[i] - expected[(int) ((long) i * expected.length / actual.length)]);
      worst = Double.isNaN(error) ? Double.POSITIVE_INFINITY : Math.max(worst, error);
    }
    return worst;
  }

  @Override
  public void close() {
    backend.close();
  }
}
