package norma.bench;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import norma.array.Array;
import norma.kernels.Backend;
import norma.kernels.Grad;
import norma.kernels.KernelCall;
import norma.kernels.KernelCall.Operand;
import norma.kernels.Kernels;

/// Arrays for measured calls, in the arena of the kernels. Random numbers fill them on the device: zeros would be faster than what a
/// model computes.
public final class Operands {
  /// Normalizations that are measured.
  public static final List<String> NORMS = List.of("layernorm", "rmsnorm", "dyt", "dyisru", "derf");
  private static final int NOISE = 1 << 20;
  private static final double SCALAR = 0.5;

  private final Backend backend;
  private final Kernels kernels;
  private final Array noise; // (NOISE)
  private final Map<List<Integer>, Array> linearWeights = new HashMap<>();
  private final SplittableRandom random = new SplittableRandom(1);

  /// @param kernels of the backend
  public Operands(Backend backend, Kernels kernels) {
    this.backend = backend;
    this.kernels = kernels;
    this.noise = backend.allocate(backend.activations(), NOISE);
    double[] numbers = new double[NOISE];
    Arrays.setAll(numbers, i -> random.nextGaussian());
    backend.write(noise, numbers);
  }

  /// The call on arrays of its own.
  public Runnable bind(KernelCall call) {
    Array[] in = call.inputs().stream().map(this::input).toArray(Array[]::new);
    Grad[] out = call.outputs().stream().map(this::empty).map(Grad::write).toArray(Grad[]::new);
    try (Kernels.Scratch _ = kernels.scratch()) {
      call.forward().run(kernels, in, out);
    }
    return () -> call.body().run(kernels, in, out);
  }

  private Array empty(Operand operand) {
    return kernels.arena().empty(operand.dtype(kernels, backend.dtype()), operand.shape().apply(kernels));
  }

  private Array input(Operand operand) {
    return switch (operand.kind()) {
      case MATRIX -> linearWeight(operand);
      case ACTIVATION, CACHE, WEIGHT -> noisy(empty(operand));
      case SMALL -> {
        Array array = empty(operand);
        yield array.rank() == 0 ? filled(array, SCALAR) : noisy(array);
      }
      case UPDATED -> filled(empty(operand), 1); // second moments must be positive
      case IDS -> {
        Array array = empty(operand);
        backend.write(array, random.ints(array.size(), 0, operand.bound()).toArray());
        yield array;
      }
      case KEPT, STATISTICS, LOSS -> empty(operand);
    };
  }

  /// Prepared as a training step does; one of each shape, which stays.
  private Array linearWeight(Operand operand) {
    int[] shape = operand.shape().apply(kernels);
    return linearWeights.computeIfAbsent(Arrays.stream(shape).boxed().toList(), of -> {
      Array weight = noisy(backend.allocate(backend.dtype(), shape));
      kernels.prepare(weight);
      return weight;
    });
  }

  private Array filled(Array array, double value) {
    try (Kernels.Scratch _ = kernels.scratch()) {
      kernels.fill(array, value);
    }
    return array;
  }

  private Array noisy(Array array) {
    try (Kernels.Scratch _ = kernels.scratch()) {
      for (long from = 0; from < array.size(); from += NOISE) {
        int count = Math.toIntExact(Math.min(NOISE, array.size() - from));
        kernels.multiply(noise.slice(0, count), 1, Grad.write(array.slice(from, count)));
      }
    }
    return array;
  }
}
