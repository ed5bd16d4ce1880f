package norma.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import norma.array.Array;
import norma.array.DType;
import norma.autodiff.GradientBuffer;
import norma.autodiff.Parameter;
import norma.autodiff.Parameter.Initial;
import norma.autodiff.ParameterBuffer;
import norma.autodiff.Pass;
import norma.autodiff.Scope;
import norma.autodiff.Tape;
import norma.autodiff.Tensor;
import norma.kernels.Workbench;

/// Compares an operation's gradients with central differences in float64, along random directions: one wrong
/// element shows in each of them.
///
/// Its output is reduced to a scalar by a fixed random matrix and cross-entropy, so that every element of the output has a
/// gradient of its own.
final class OpGradientCheck {
  private static final double H = 1e-5;
  private static final int DIRECTIONS = 3;
  private static final int CLASSES = 3;

  private OpGradientCheck() {}

  /// An operation in its setting.
  interface Forward {
    Tensor apply(Tape tape, List<Tensor> inputs);
  }

  /// Checks the gradient of every input. Inputs start random, around 0 with standard deviation 1.
  static void check(Forward forward, int[]... shapes) {
    Scope scope = Scope.root();
    for (int i = 0; i < shapes.length; i++) {
      scope.parameter("input" + i, Initial.normal(1), shapes[i]);
    }
    List<Parameter> inputs = scope.parameters();
    try (Workbench bench = new Workbench(DType.FLOAT64)) {
      ParameterBuffer values = new ParameterBuffer(bench.backend(), inputs);
      values.initialize(bench.backend(), 11);
      GradientBuffer gradients = new GradientBuffer(bench.backend(), inputs);
      gradients.start();
      try (Tape tape = new Tape(bench.kernels(), values, gradients, Pass.EVALUATION, null)) {
        tape.backward(loss(bench, tape, forward, inputs));
      }
      gradients.finish(bench.kernels());
      for (Parameter input : inputs) {
        double[] gradient = bench.read(gradients.of(input));
        for (int trial = 0; trial < DIRECTIONS; trial++) {
          double[] direction = Workbench.normal(gradient.length, 20 + trial);
          double up = lossAlong(bench, forward, values, input, direction, H);
          double down = lossAlong(bench, forward, values, input, direction, -H);
          double along = 0;
          for (int i = 0; i < gradient.length; i++) {
            along += gradient[i] * direction[i];
          }
          assertThat(along).as("%s, direction %d", input.name(), trial).isNotZero()
              .isCloseTo((up - down) / (2 * H), within(1e-8));
        }
      }
    }
  }

  private static double lossAlong(Workbench bench, Forward forward, ParameterBuffer values, Parameter input,
      double[] direction, double by) {
    double[] value = bench.read(values.of(input));
    double[] changed = value.clone();
    for (int i = 0; i < changed.length; i++) {
      changed[i] += by * direction[i];
    }
    bench.backend().write(values.of(input), changed);
    try (Tape tape = new Tape(bench.kernels(), values, null, Pass.EVALUATION, null)) {
      return bench.read(loss(bench, tape, forward, values.parameters()).value())[0];
    } finally {
      bench.backend().write(values.of(input), value);
    }
  }

  private static Tensor loss(Workbench bench, Tape tape, Forward forward, List<Parameter> inputs) {
    Tensor y = forward.apply(tape, inputs.stream().map(tape::parameter).toList());
    if (y.value().dtype() == DType.FLOAT64 && y.value().rank() == 0) {
      return y;
    }
    int width = y.value().dim(-1);
    int rows = y.value().rows();
    Array mix = bench.array(Workbench.normal((long) CLASSES * width, 12), CLASSES, width);
    int[] targets = new int[rows];
    for (int i = 0; i < rows; i++) {
      targets[i] = i % CLASSES;
    }
    Tensor logits = tape.apply("loss", new LinearOp(), y, tape.constant(mix));
    return tape.apply("loss", new CrossEntropy(0.3, tape.differentiates()), logits,
        tape.constant(bench.ids(targets, rows)));
  }
}
