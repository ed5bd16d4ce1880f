package norma.autodiff;

import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.IntStream;
import norma.array.Array;
import norma.array.DType;
import norma.autodiff.Parameter.Initial;
import norma.kernels.Backend;
import norma.ops.CrossEntropy;
import norma.ops.LinearOp;

/// Compares gradients of an operation, a layer or a model with central differences in float64, those of its inputs as well as those of
/// its parameters.
///
/// Each gradient is compared along a random direction that has every element: one wrong element shows in it. An output that
/// is no loss yet becomes one by a random matrix and cross-entropy, so that every element of it has a gradient of its own.
public final class GradientCheck {
  private static final double H = 1e-5;
  private static final int CLASSES = 3;
  private static final int SEED = 11;
  /// Room for the rounding of the differences, some 1e-16 / h, and their error of order h^2.
  private static final double ABSOLUTE = 1e-8;
  private static final double RELATIVE = 1e-6;

  private GradientCheck() {}

  /// What is checked: from its inputs to its output.
  public interface Forward {
    Tensor apply(Tape tape, List<Tensor> inputs);
  }

  /// Checks the gradients of some inputs, and of all parameters that are declared in a scope. Inputs are normally distributed; parameters
  /// are put beside their starting values, which are often alike.
  ///
  /// @param backend with float64
  /// @param scope   of the layer's parameters; the inputs become parameters in it, `input0` and so on
  /// @param shapes  of the inputs
  /// @throws AssertionError if a gradient is another, or 0 throughout, which says nothing
  public static void check(Backend backend, Scope scope, Forward forward, int[]... shapes) {
    List<Parameter> inputs = IntStream.range(0, shapes.length)
        .mapToObj(i -> scope.parameter("input" + i, Initial.normal(1), shapes[i])).toList();
    check(backend, scope.parameters(), Pass.EVALUATION,
        tape -> forward.apply(tape, inputs.stream().map(tape::parameter).toList()));
  }

  /// Checks the gradients of parameters.
  ///
  /// @param backend with float64
  /// @param pass    what the tape is for
  /// @param forward from the parameters to a loss, or to a tensor (..., C)
  /// @throws AssertionError as above
  public static void check(Backend backend, List<Parameter> parameters, Pass pass, Function<Tape, Tensor> forward) {
    if (backend.dtype() != DType.FLOAT64) {
      throw new IllegalArgumentException("the backend computes in " + backend.dtype()
          + "; expected FLOAT64: differences drown in the rounding of anything less");
    }
    ParameterBuffer values = new ParameterBuffer(backend, parameters);
    values.initialize(backend, SEED);
    parameters.forEach(parameter -> spread(backend, values, parameter));
    GradientBuffer gradients = new GradientBuffer(backend, parameters);
    gradients.start();
    try (Tape tape = new Tape(backend.kernels(), values, gradients, pass, null)) {
      tape.backward(loss(backend, tape, forward));
    }
    gradients.finish(backend.kernels());
    for (Parameter parameter : parameters) {
      double[] gradient = backend.read(gradients.of(parameter));
      double[] direction = normal(gradient.length, 20);
      double up = lossAlong(backend, values, parameter, direction, H, pass, forward);
      double down = lossAlong(backend, values, parameter, direction, -H, pass, forward);
      double along = IntStream.range(0, gradient.length).mapToDouble(i -> gradient[i] * direction[i]).sum();
      compare(parameter.name(), along, (up - down) / (2 * H));
    }
  }

  private static void compare(String name, double along, double expected) {
    if (along == 0 || !(Math.abs(along - expected) <= ABSOLUTE + RELATIVE * Math.abs(expected))) {
      throw new AssertionError(
          String.format(Locale.ROOT, "the gradient of %s along a random direction is %.10g%s", name,
              along, along == 0 && expected == 0
                  ? " and should be: nothing is checked at these values"
                  : String.format(Locale.ROOT, ", by central differences %.10g", expected)));
    }
  }

  /// Leaves no two elements alike.
  private static void spread(Backend backend, ParameterBuffer values, Parameter parameter) {
    double[] value = backend.read(values.of(parameter));
    for (int i = 0; i < value.length; i++) {
      value[i] += 0.3 * Math.sin(i + parameter.index());
    }
    backend.write(values.of(parameter), value);
  }

  private static double lossAlong(Backend backend, ParameterBuffer values, Parameter parameter, double[] direction,
      double by, Pass pass, Function<Tape, Tensor> forward) {
    double[] value = backend.read(values.of(parameter));
    double[] changed = value.clone();
    for (int i = 0; i < changed.length; i++) {
      changed[i] += by * direction[i];
    }
    backend.write(values.of(parameter), changed);
    try (Tape tape = new Tape(backend.kernels(), values, null, pass, null)) {
      return backend.read(loss(backend, tape, forward).value())[0];
    } finally {
      backend.write(values.of(parameter), value);
    }
  }

  private static Tensor loss(Backend backend, Tape tape, Function<Tape, Tensor> forward) {
    Tensor y = forward.apply(tape);
    if (y.value().rank() == 0) {
      return y;
    }
    int width = y.value().dim(-1);
    int rows = y.value().rows();
    Array mix = backend.allocate(DType.FLOAT64, CLASSES, width);
    backend.write(mix, normal(CLASSES * width, 12));
    Array targets = backend.allocate(DType.INT32, rows);
    backend.write(targets, IntStream.range(0, rows).map(i -> i % CLASSES).toArray());
    Tensor logits = tape.apply("loss", new LinearOp(), y, tape.constant(mix));
    return tape.apply("loss", new CrossEntropy(1.0 / rows, tape.differentiates()), logits, tape.constant(targets));
  }

  private static double[] normal(int size, long seed) {
    Random random = new Random(seed);
    return IntStream.range(0, size).mapToDouble(i -> random.nextGaussian()).toArray();
  }
}
