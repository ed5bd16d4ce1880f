package norma.bench.gpu;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import norma.array.Array;
import norma.array.DType;
import norma.kernels.Backend;
import norma.kernels.Grad;
import norma.kernels.Kernels;

/// Arrays for measured calls, in the arena of the kernels and filled with random numbers on the device: zeros would be faster than
/// what a model computes.
final class Operands {
  private static final int NOISE = 1 << 20;
  private static final int TOKENS = 65; // distinct characters of tinyshakespeare

  private final Backend backend;
  private final Kernels kernels;
  private final Array noise; // (NOISE)
  private final Map<List<Integer>, Array> linearWeights = new HashMap<>();
  private final SplittableRandom random = new SplittableRandom(1);

  Operands(Backend backend, Kernels kernels) {
    this.backend = backend;
    this.kernels = kernels;
    this.noise = backend.allocate(backend.activations(), NOISE);
    double[] numbers = new double[NOISE];
    Arrays.setAll(numbers, i -> random.nextGaussian());
    backend.write(noise, numbers);
  }

  Kernels kernels() {
    return kernels;
  }

  /// Activations with standard normal numbers.
  Array activations(int... shape) {
    return filled(kernels.empty(shape));
  }

  /// The same of weights, in float32.
  Array weights(int... shape) {
    return filled(kernels.arena().empty(DType.FLOAT32, shape));
  }

  /// The weight of a linear layer, prepared as a training step does; one of each shape, which stays.
  Array linearWeight(int out, int in) {
    return linearWeights.computeIfAbsent(List.of(out, in), shape -> {
      Array weight = filled(backend.allocate(DType.FLOAT32, out, in));
      kernels.prepare(weight);
      return weight;
    });
  }

  /// Float32 numbers that are all the same.
  Array constant(double value, int... shape) {
    Array array = kernels.arena().empty(DType.FLOAT32, shape);
    kernels.fill(array, value);
    return array;
  }

  /// Where the gradient of activations goes.
  Grad gradient(int... shape) {
    return Grad.write(activations(shape));
  }

  /// Where the gradient of weights goes.
  Grad weightGradient(int... shape) {
    return Grad.write(weights(shape));
  }

  /// Tokens of a text of 65 characters.
  Array tokens(int... shape) {
    return integers(TOKENS, shape);
  }

  /// Integers below a bound.
  Array integers(int bound, int... shape) {
    Array array = kernels.arena().empty(DType.INT32, shape);
    int[] numbers = random.ints(array.size(), 0, bound).toArray();
    backend.write(array, numbers);
    return array;
  }

  /// Tokens that [#tokens] may give.
  static int vocabulary() {
    return TOKENS;
  }

  private Array filled(Array array) {
    for (long from = 0; from < array.size(); from += NOISE) {
      int count = Math.toIntExact(Math.min(NOISE, array.size() - from));
      kernels.multiply(noise.slice(0, count), 1, Grad.write(array.slice(from, count)));
    }
    return array;
  }
}
