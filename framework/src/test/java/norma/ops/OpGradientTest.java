package norma.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import com.tngtech.archunit.ArchConfiguration;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import norma.array.DType;
import norma.autodiff.GradientCheck;
import norma.autodiff.Scope;
import norma.autodiff.Tensor;
import norma.formula.Formula;
import norma.kernels.DropMask;
import norma.kernels.Formulas;
import norma.kernels.Workbench;
import norma.random.RandomStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// The gradients of every operation equal central differences.
class OpGradientTest {
  private static final DropMask DROP = new DropMask(0.3, RandomStream.of(1, "dropout.test").at(1), 3);
  private static final int[] X = { 3, 5 };
  private static final int[] CHANNELS = { 5 };
  private static final int[] SCALAR = {};
  private static final int[] QKV = { 2, 3, 12 };

  static Stream<Arguments> operations() {
    return Stream.concat(norms(), Stream.of( //
        op(new LinearOp(), X, new int[]{ 2, 5 }), //
        op(new LinearOp(), new int[]{ 2, 1, 5 }, new int[]{ 7, 5 }, new int[]{ 7 }), //
        op(new Add(), X, X), //
        op(new DropoutOp(DROP), X), //
        op(new Reshape(List.of(5, 3)), X), //
        op(new TakeColumns(1, 3), X), //
        op(new Concat(), X, new int[]{ 3, 1 }, new int[]{ 3, 2 }), //
        op(new Rotary(2, 4, 1), QKV), // which leaves the values as they are
        op(new Attention(1, 1, DropMask.NONE), QKV), //
        op(new Attention(2, 2, DropMask.NONE), QKV), //
        op(new Attention(2, 2, DROP), QKV), //
        op(new Attention(2, 1, DROP), QKV), //
        op(new Attention(8, 2, DropMask.NONE), QKV)));
  }

  private static Stream<Arguments> norms() {
    return Stream.of(Formulas.builtIn(), Formulas.ofTwo(), Stream.of(Formulas.dyisru(true, true, true),
        Formula.activation("gelu(x)", true), Formula.activation("relu(x)^2", false))).flatMap(formulas -> formulas)
        .map(formula -> {
          List<int[]> shapes = new ArrayList<>(formula.inputs().stream().map(_ -> X).toList());
          formula.parameters().forEach(p -> shapes.add(p.perChannel() ? CHANNELS : SCALAR));
          return op(new FormulaOp(formula), shapes.toArray(int[][]::new));
        });
  }

  /// Of two uses of the same inputs: one writes the gradients, the other adds to them.
  @ParameterizedTest
  @MethodSource("operations")
  void gradientsEqualCentralDifferences(Op<?> op, int[][] shapes) {
    check((tape, inputs) -> {
      Tensor[] twice = inputs.stream().map(x -> tape.apply("twice", new Add(), x, x)).toArray(Tensor[]::new);
      Tensor first = tape.apply("op", op, twice);
      return tape.apply("add", new Add(), first, tape.apply("op", op, twice));
    }, shapes);
  }

  /// `direct` needs a positive beta: the square of the parameter's distance from 0 would hide a sign, a constant does not.
  @Test
  void dyisruWithADirectBetaHasTheRightGradients() {
    try (Workbench bench = new Workbench(DType.FLOAT64)) {
      for (boolean scaled : new boolean[]{ false, true }) {
        check((tape, inputs) -> {
          Tensor beta = tape.apply("shift", new Add(), inputs.get(2), tape.constant(bench.array(new double[]{ 4 })));
          return tape.apply("op", new FormulaOp(Formulas.dyisru(false, scaled, false)), inputs.get(0), inputs.get(1),
              beta);
        }, X, CHANNELS, SCALAR);
      }
    }
  }

  @Test
  void embeddingsHaveTheRightGradients() {
    try (Workbench bench = new Workbench(DType.FLOAT64)) {
      var ids = bench.ids(new int[]{ 1, 1, 4, 0, 1, 4 }, 2, 3);
      check((tape, inputs) -> tape.apply("op", new Embedding(0), tape.constant(ids), inputs.get(0), inputs.get(1)),
          new int[]{ 5, 4 }, new int[]{ 3, 4 });
      check((tape, inputs) -> tape.apply("op", new Embedding(0), tape.constant(ids), inputs.getFirst()),
          new int[]{ 5, 4 });
    }
  }

  @Test
  void crossEntropyHasTheRightGradients() {
    try (Workbench bench = new Workbench(DType.FLOAT64)) {
      var targets = bench.ids(new int[]{ 1, 4, 0 }, 3);
      check((tape, inputs) -> tape.apply("op", new CrossEntropy(0.7, tape.differentiates()),
          inputs.getFirst(), tape.constant(targets)), X);
    }
  }

  @Test
  void attentionToACacheRefusesAGradient() {
    assertThatThrownBy(() -> check(
        (tape, inputs) -> tape.apply("op", new CachedAttention(1, 1, 2), inputs.get(0), inputs.get(1)),
        new int[]{ 1, 3, 12 }, new int[]{ 5, 8 })).isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("has no gradient");
  }

  /// What classes use of libraries is known by its name: reading those classes too takes longer than Norma's own.
  @Test
  void everyOperationHasAGradientCheck() {
    ArchConfiguration.get().setResolveMissingDependenciesFromClassPath(false);
    Set<Class<?>> checked = operations().map(arguments -> arguments.get()[0].getClass()).collect(Collectors.toSet());
    checked.addAll(List.of(Embedding.class, CrossEntropy.class, CachedAttention.class));
    Set<Class<?>> operations = Arrays.stream(Op.class.getPermittedSubclasses()).filter(c -> c != NormOp.class)
        .collect(Collectors.toSet());
    new ClassFileImporter().withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS).importPackages("norma")
        .stream().filter(c -> c.isAssignableTo(NormOp.class) && !c.isInterface()).map(JavaClass::reflect)
        .forEach(operations::add);
    assertThat(checked).isEqualTo(operations).hasSizeGreaterThan(10);
  }

  /// `x + 2 (x - constant x)` is x, with a gradient that is three times too large.
  @Test
  void aWrongGradientIsFound() {
    for (int wrong : new int[]{ 0, 1 }) {
      assertThatThrownBy(() -> check((tape, inputs) -> {
        Tensor[] given = inputs.toArray(Tensor[]::new);
        Tensor x = given[wrong];
        Tensor twice = tape.apply("wrong", new Add(), x, x);
        Tensor minus = tape.apply("wrong", new FormulaOp(Formula.of("-2 * x", List.of(), Map.of(), false)),
            tape.constant(x.value()));
        given[wrong] = tape.apply("wrong", new Add(), x, tape.apply("wrong", new Add(), twice, minus));
        return tape.apply("op", new FormulaOp(Formula.ofTwo("x * u", List.of(), Map.of(), false)), given);
      }, X, X)).isInstanceOf(AssertionError.class).hasMessageContainingAll("the gradient of input" + wrong,
          "by central differences");
    }
  }

  private static void check(GradientCheck.Forward forward, int[]... shapes) {
    try (Workbench bench = new Workbench(DType.FLOAT64)) {
      GradientCheck.check(bench.backend(), Scope.root(), forward, shapes);
    }
  }

  private static Arguments op(Op<?> op, int[]... shapes) {
    return argumentSet(op + " of " + Arrays.deepToString(shapes), op, shapes);
  }
}
