package norma.autodiff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import norma.array.Array;
import norma.array.DType;
import norma.autodiff.Parameter.Initial;
import norma.formula.Formula;
import norma.kernels.Workbench;
import norma.ops.Add;
import norma.ops.CrossEntropy;
import norma.ops.FormulaOp;
import norma.ops.LinearOp;
import norma.ops.Reshape;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Gradients through graphs in which values are used several times, on L(y) = cross-entropy of y's rows.
class TapeTest {
  private final Workbench bench = new Workbench(DType.FLOAT64);
  private final Scope scope = Scope.root();
  private final Parameter w = scope.parameter("w", Initial.normal(1), 2, 3);
  private final Parameter u = scope.parameter("u", Initial.normal(1), 3, 3);
  private final Parameter unused = scope.parameter("unused", Initial.normal(1), 4);
  private final ParameterBuffer values = new ParameterBuffer(bench.backend(), scope.parameters());
  private final GradientBuffer gradients = new GradientBuffer(bench.backend(), scope.parameters());

  TapeTest() {
    values.initialize(bench.backend(), 1);
    bench.backend().write(gradients.buffer().flat(), filled(gradients.buffer().flat(), 1e9)); // stale
  }

  @AfterEach
  void close() {
    bench.close();
  }

  @Test
  void aValueAddedToItselfHasTwiceTheGradientOfTheSum() {
    double[] doubled = gradientOfW((tape, x) -> tape.apply("", times(2), x));
    assertThat(gradientOfW((tape, x) -> tape.apply("", new Add(), x, x))).containsExactly(doubled, within(1e-15));
  }

  @Test
  void aValueAddedThreeTimesHasThreeTimesTheGradientOfTheSum() {
    double[] tripled = gradientOfW((tape, x) -> tape.apply("", times(3), x));
    double[] leftFirst = gradientOfW((tape, x) -> add(tape, add(tape, x, x), x));
    double[] rightFirst = gradientOfW((tape, x) -> add(tape, x, add(tape, x, x)));
    assertThat(leftFirst).containsExactly(tripled, within(1e-15));
    assertThat(rightFirst).containsExactly(tripled, within(1e-15));
  }

  @Test
  void aResidualBranchDoesNotDisturbTheGradientThatItShares() {
    checkW((tape, x) -> add(tape, x, tape.apply("", gelu(), x)));
    checkW((tape, x) -> add(tape, tape.apply("", gelu(), x), x));
    checkW((tape, x) -> {
      Tensor first = add(tape, x, tape.apply("", new LinearOp(), x, tape.parameter(u)));
      return add(tape, first, tape.apply("", gelu(), first));
    });
  }

  @Test
  void twoBranchesOfOneSumDoNotDisturbEachOther() {
    checkW((tape, x) -> {
      Tensor a = tape.apply("", gelu(), x);
      Tensor b = tape.apply("", times(-0.3), x);
      Tensor sum = add(tape, a, b); // a and b share its gradient, and each is used again
      return add(tape, add(tape, sum, a), tape.apply("", gelu(), b));
    });
  }

  @Test
  void aReshapeSharesItsGradientWithoutDisturbingIt() {
    checkW((tape, x) -> {
      Tensor other = tape.apply("", new Reshape(List.of(3, 2)), x);
      Tensor back = tape.apply("", new Reshape(List.of(2, 3)), tape.apply("", gelu(), other));
      return add(tape, add(tape, x, back), tape.apply("", new Reshape(List.of(2, 3)), other));
    });
  }

  @Test
  void aParameterUsedTwiceGetsTheSumOfBothGradients() {
    check(u, (tape, x) -> tape.apply("", new LinearOp(), tape.apply("", new LinearOp(), x, tape.parameter(u)),
        tape.parameter(u)));
    check(w, (tape, x) -> add(tape, tape.parameter(w), add(tape, x, tape.parameter(w))));
  }

  @Test
  void aParameterThatNoPassReachedHasAGradientOfZero() {
    gradientOfW((tape, x) -> x);
    assertThat(bench.read(gradients.of(unused))).containsOnly(0);
    assertThat(bench.read(gradients.of(u))).containsOnly(0);
  }

  @Test
  void aStepForgetsTheGradientsOfTheStepBefore() {
    double[] alone = gradientOfW((tape, x) -> x);
    gradientOfW((tape, x) -> tape.apply("", gelu(), x));
    assertThat(gradientOfW((tape, x) -> x)).isEqualTo(alone);
  }

  @Test
  void passesOverPartsOfABatchAddUpToOnePassOverAll() {
    int[] targets = { 2, 0, 1, 1, 0, 2 };
    double[] x = Workbench.normal(18, 5);
    gradients.start();
    pass(x, targets, 0, 6);
    double[] whole = bench.read(gradients.of(u));
    gradients.start();
    for (int part = 0; part < 3; part++) {
      pass(x, targets, 2 * part, 2);
    }
    assertThat(bench.read(gradients.of(u))).containsExactly(whole, within(1e-12));
  }

  private void pass(double[] x, int[] targets, int from, int rows) {
    try (Tape tape = new Tape(bench.kernels(), values, gradients, Pass.EVALUATION, null)) {
      Array part = bench.array(java.util.Arrays.copyOfRange(x, 3 * from, 3 * (from + rows)), rows, 3);
      Array ids = bench.ids(java.util.Arrays.copyOfRange(targets, from, from + rows), rows);
      Tensor logits = tape.apply("", new LinearOp(), tape.constant(part), tape.parameter(u));
      tape.backward(tape.apply("", new CrossEntropy(1.0 / 6, true), logits, tape.constant(ids)));
    }
  }

  @Test
  void backwardStartsAtAScalarOnly() {
    try (Tape tape = new Tape(bench.kernels(), values, gradients, Pass.EVALUATION, null)) {
      Tensor x = tape.apply("", gelu(), tape.parameter(w));
      assertThatThrownBy(() -> tape.backward(x)).isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("[2, 3]");
    }
  }

  /// x = (127, 1.4) becomes (127, 1); w = (2.54, 0.019) has the scale 0.02 and becomes (2.54, 0.02); the bias stays.
  @Test
  void aPassInInt8RoundsWhatALinearLayerReads() {
    assertThat(linear(norma.nn.Int8.EVALUATION)).isCloseTo(127 * 2.54 + 0.02 + 0.123, within(1e-9));
    assertThat(linear(Pass.EVALUATION)).isCloseTo(127 * 2.54 + 1.4 * 0.019 + 0.123, within(1e-9));
  }

  private double linear(Pass pass) {
    try (Tape tape = new Tape(bench.kernels(), values, null, pass, null)) {
      Tensor x = tape.constant(bench.array(new double[]{ 127, 1.4 }, 1, 2));
      Tensor weight = tape.constant(bench.array(new double[]{ 2.54, 0.019 }, 1, 2));
      Tensor bias = tape.constant(bench.array(new double[]{ 0.123 }, 1));
      return bench.read(tape.apply("", new LinearOp(), x, weight, bias).value())[0];
    }
  }

  @Test
  void withoutGradientsTheLossIsTheSameAndNothingIsPlayedBack() {
    int[] played = new int[1];
    TapeObserver observer = new TapeObserver() {
      @Override
      public void backward(String layer, norma.ops.Op<?> op, Tensor output, Array gradient) {
        played[0]++;
      }
    };
    double with = loss(gradients, null);
    try (Tape tape = new Tape(bench.kernels(), values, null, Pass.EVALUATION, observer)) {
      assertThat(tape.differentiates()).isFalse();
      Tensor loss = entropy(tape, tape.apply("", gelu(), tape.parameter(w)));
      assertThat(bench.read(loss.value())[0]).isEqualTo(with);
      tape.backward(loss);
    }
    assertThat(played[0]).isZero();
  }

  @Test
  void anObserverSeesEveryOperationOnceInEachDirectionAndChangesNothing() {
    List<String> seen = new java.util.ArrayList<>();
    TapeObserver observer = new TapeObserver() {
      @Override
      public void forward(String layer, norma.ops.Op<?> op, Tensor[] inputs, Tensor output) {
        seen.add("forward " + layer + " " + op.getClass().getSimpleName());
      }

      @Override
      public void backward(String layer, norma.ops.Op<?> op, Tensor output, Array gradient) {
        seen.add("backward " + layer + " " + op.getClass().getSimpleName());
      }
    };
    assertThat(loss(gradients, observer)).isEqualTo(loss(gradients, null));
    assertThat(seen).containsExactly("forward act FormulaOp", "forward head CrossEntropy", "backward head CrossEntropy",
        "backward act FormulaOp");
  }

  @Test
  void anObserverSeesTheGradientOfEveryOutputSummedOverItsUses() {
    java.util.Map<String, double[]> seen = new java.util.HashMap<>();
    java.util.Map<String, Tensor> outputs = new java.util.HashMap<>();
    TapeObserver observer = new TapeObserver() {
      @Override
      public void forward(String layer, norma.ops.Op<?> op, Tensor[] inputs, Tensor output) {
        outputs.put(layer, output);
      }

      @Override
      public void backward(String layer, norma.ops.Op<?> op, Tensor output, Array gradient) {
        assertThat(output).isSameAs(outputs.get(layer));
        assertThat(gradient.shape()).isEqualTo(output.value().shape());
        seen.put(layer, bench.read(gradient));
      }
    };
    gradients.start();
    double[] logits;
    try (Tape tape = new Tape(bench.kernels(), values, gradients, Pass.EVALUATION, observer)) {
      Tensor act = tape.apply("act", gelu(), tape.parameter(w));
      Tensor sum = tape.apply("sum", new Add(), act, act);
      logits = bench.read(sum.value());
      tape.backward(entropy(tape, sum));
    }
    double[] expected = new double[6]; // 0.5 (softmax - one-hot)
    for (int i = 0; i < 6; i++) {
      int row = i / 3 * 3;
      double z = Math.exp(logits[row]) + Math.exp(logits[row + 1]) + Math.exp(logits[row + 2]);
      expected[i] = 0.5 * (Math.exp(logits[i]) / z - (i == 2 || i == 3 ? 1 : 0));
    }
    assertThat(seen.get("sum")).containsExactly(expected, within(1e-12));
    assertThat(seen.get("act")).containsExactly(java.util.Arrays.stream(expected).map(g -> 2 * g).toArray(),
        within(1e-12));
    assertThat(seen.get("head")).containsExactly(1);
  }

  private double loss(GradientBuffer into, @org.jspecify.annotations.Nullable TapeObserver observer) {
    into.start();
    try (Tape tape = new Tape(bench.kernels(), values, into, Pass.EVALUATION, observer)) {
      Tensor loss = entropy(tape, tape.apply("act", gelu(), tape.parameter(w)));
      tape.backward(loss);
      return bench.read(loss.value())[0];
    }
  }

  /// The gradient of w where the graph starts at an intermediate value equal to w.
  private double[] gradientOfW(BiFunction<Tape, Tensor, Tensor> graph) {
    gradients.start();
    try (Tape tape = new Tape(bench.kernels(), values, gradients, Pass.EVALUATION, null)) {
      tape.backward(entropy(tape, graph.apply(tape, start(tape))));
    }
    gradients.finish(bench.kernels());
    return bench.read(gradients.of(w));
  }

  private void checkW(BiFunction<Tape, Tensor, Tensor> graph) {
    check(w, graph);
  }

  private void check(Parameter parameter, BiFunction<Tape, Tensor, Tensor> graph) {
    gradientOfW(graph);
    double[] actual = bench.read(gradients.of(parameter));
    double[] value = bench.read(values.of(parameter));
    for (int i = 0; i < value.length; i++) {
      double h = 1e-5;
      double up = lossWith(parameter, i, value[i] + h, graph);
      double down = lossWith(parameter, i, value[i] - h, graph);
      bench.backend().write(values.of(parameter), value);
      assertThat(actual[i]).as("element %d of %s", i, parameter.name())
          .isCloseTo((up - down) / (2 * h), within(1e-8));
    }
  }

  private double lossWith(Parameter parameter, int element, double number, BiFunction<Tape, Tensor, Tensor> graph) {
    double[] changed = bench.read(values.of(parameter));
    changed[element] = number;
    bench.backend().write(values.of(parameter), changed);
    try (Tape tape = new Tape(bench.kernels(), values, null, Pass.EVALUATION, null)) {
      return bench.read(entropy(tape, graph.apply(tape, start(tape))).value())[0];
    }
  }

  private Tensor start(Tape tape) {
    return tape.apply("", times(1), tape.parameter(w));
  }

  private Tensor entropy(Tape tape, Tensor y) {
    return tape.apply("head", new CrossEntropy(0.5, tape.differentiates()), y,
        tape.constant(bench.ids(new int[]{ 2, 0 }, 2)));
  }

  private static Tensor add(Tape tape, Tensor a, Tensor b) {
    return tape.apply("", new Add(), a, b);
  }

  private static double[] filled(Array array, double value) {
    double[] values = new double[Math.toIntExact(array.size())];
    java.util.Arrays.fill(values, value);
    return values;
  }

  private static FormulaOp times(double factor) {
    return new FormulaOp(Formula.of("factor * x", List.of(), Map.of("factor", factor), false));
  }

  private static FormulaOp gelu() {
    return new FormulaOp(Formula.activation("gelu(x)", false));
  }
}
