package norma.kernels.rows;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import norma.array.Array;
import norma.array.DType;
import norma.formula.Expr;
import norma.formula.Fn;
import norma.formula.Formula;
import norma.formula.Formula.Parameter;
import norma.formula.Interpreter;
import norma.formula.RandomFormulas;
import norma.formula.RandomFormulas.Node;
import norma.formula.Routine;
import norma.kernels.Formulas;
import norma.kernels.Grad;
import norma.kernels.Workbench;
import norma.kernels.rows.RowPrograms.Program;
import norma.kernels.rows.RowPrograms.Wanted;
import norma.machine.Code;
import norma.machine.Cpu;
import norma.machine.Emulator;
import norma.machine.Executable;
import norma.machine.InstructionSet;
import norma.machine.RefusedException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Machine code of formulas against their definition in double: any width, any alignment, memory around the operands untouched and
/// unread.
class RowKernelsTest {
  /// Without a whole vector, with some and with a rest behind them; from five vectors on in a loop, with some and with a rest behind it.
  private static final int[] WIDTHS = { 1, 8, 15, 16, 33, 63, 64, 127, 128 };
  private static final int RANDOM = 60;

  /// What runs code: the CPU where it has the instruction set, else the emulator.
  private static Code.Maker maker(InstructionSet set) {
    try {
      Cpu cpu = Cpu.here();
      return (set == InstructionSet.AVX2 ? cpu.avx2() : cpu.avx512()) ? Executable::of : Emulator::of;
    } catch (RefusedException e) {
      return Emulator::of;
    }
  }

  /// Of an instruction set by its name; in plain Java for an empty one.
  private static RowPrograms programs(String name) {
    if (name.isEmpty()) {
      return PlainRows.programs();
    }
    InstructionSet set = InstructionSet.valueOf(name);
    return new RowPrograms(set, maker(set));
  }

  @ParameterizedTest
  @ValueSource(strings = { "weight * x / (1 + abs(alpha * x))", "weight * x / maxabs(x)", "silu(alpha * x) * weight",
      "gelu(x)", "relu(x)^2", "weight * x / mean(abs(x)^1.5)", "weight + mean(x)", "sign(weight * x)",
      "weight / mean(weight) * atan(alpha * x / rms(x - alpha, 1e-3))", "weight * clamp(x, -1, 1) + alpha * var(x * b)",
      "log(1 + exp(alpha * x)) * sin(b * x)", "max(x, alpha) * min(x, b)", "cos(x) * softsign(x) - exp(-x^2)",
      "weight * x / (mean(x^2) + var(x) + mean(abs(x)) + mean(x^4) + 1)",
      "weight * x / std(a, 0.1 + mean(x^2)) * rms(b, mean(abs(x)))",
      "weight * x / (mean(x^2) + mean(abs(x)) + mean(x^4) + mean(tanh(x)^2) + mean(abs(sin(x))) + maxabs(x) + mean(exp(-x^2)) + mean(b * x)^2"
          + " + mean(relu(x)) + 1)" })
  void knownFormulasEqualTheirDefinition(String text) {
    check(RandomFormulas.formula(text));
  }

  @ParameterizedTest
  @MethodSource("norma.kernels.Formulas#builtIn")
  void builtInTypesEqualTheirDefinition(Formula formula) {
    check(formula);
  }

  @ParameterizedTest
  @MethodSource("norma.kernels.Formulas#ofTwo")
  void formulasOfTwoEqualTheirDefinition(Formula formula) {
    check(formula);
  }

  private static void check(Formula formula) {
    List<RowPrograms> engines = engines(RowKernelsTest::maker);
    for (int width : WIDTHS) {
      assertThat(error(formula, width, width, engines)).as("width %d", width).isLessThan(5e-5);
    }
  }

  @Test
  void formulasDrawnAtRandomEqualTheirDefinition() {
    for (int seed = 0; seed < RANDOM; seed++) {
      Node node = RandomFormulas.draw(seed, 4);
      int width = WIDTHS[seed % WIDTHS.length];
      int number = seed;
      if (!(error(node.toString(), width, seed) < 1e-3)) {
        Node smallest = RandomFormulas.shrink(node, n -> !(error(n.toString(), width, number) < 1e-3));
        assertThat(error(smallest.toString(), width, seed)).as("seed %d, width %d, %s", seed, width, smallest)
            .isLessThan(1e-3);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = { "weight * (x - mean(x)) / std(x, 1e-5) + bias", "weight * erf(alpha * x) / maxabs(x)",
      "log(2 + sin(x)) * atan(x) + sign(x) * exp(-x^2)", "weight * x / sqrt(2 + x^2)" })
  void emulatedCodeEqualsTheDefinition(String text) {
    List<RowPrograms> engines = engines(_ -> Emulator::of);
    for (int width : new int[]{ 1, 19, 40 }) {
      assertThat(error(RandomFormulas.formula(text), width, width, engines)).as("width %d", width).isLessThan(5e-5);
    }
  }

  /// Machine code checks nothing itself.
  @ParameterizedTest
  @ValueSource(strings = { "AVX2", "AVX512", "" })
  void anOperandThatIsTooShortIsRefused(String name) {
    RowPrograms programs = programs(name);
    try (RowKernels kernels = new RowKernels(programs); Arena arena = Arena.ofConfined()) {
      Rows rows = kernels.routine(Routine.of("""
          elements x; channels sum; rows most
          most = largest(x)
          sum = sum + x"""), 5);
      MemorySegment memory = arena.allocate(4 * 10, 4);
      assertThat(refused(rows.bind(memory, memory, memory), 2)).isFalse();
      assertThat(refused(rows, 3)).isTrue();
      assertThat(refused(rows.bind(0, memory, 1), 2)).isTrue();
      assertThat(refused(rows.bind(0, memory, -1), 1)).isTrue();
      assertThat(refused(rows.bind(0, memory, 0).bind(1, memory, 6), 1)).isTrue();
      assertThat(refused(rows.bind(1, memory, 5).bind(2, memory, 9), 2)).isTrue();
      assertThat(refused(rows, 1)).isFalse();
    }
  }

  /// Each row lies where the caller says, a row that comes twice is added to twice, and more streams than pointers make no difference.
  @ParameterizedTest
  @ValueSource(strings = { "AVX2", "AVX512", "" })
  void gatheredRowsLieWhereTheCallerSays(String name) {
    RowPrograms programs = programs(name);
    for (int width : new int[]{ 1, 19, 130 }) {
      for (String others : new String[]{ "", " b c d e f g h i j k" }) {
        try (RowKernels kernels = new RowKernels(programs); Arena arena = Arena.ofConfined()) {
          Rows rows = kernels.routine(
              Routine.of("elements x" + others + "; gathered to; to = to + x" + others.replace(" ", " + ")), width);
          MemorySegment x = arena.allocate(4L * 4 * width, 64);
          MemorySegment to = arena.allocate(4L * 4 * width, 64);
          for (int i = 0; i < 4 * width; i++) {
            x.setAtIndex(ValueLayout.JAVA_FLOAT, i, i);
          }
          int last = others.length() / 2;
          for (int i = 0; i <= last; i++) {
            rows.bind(i, x, 0);
          }
          rows.gather(last + 1, to, new long[]{ 3L * width, 0, 3L * width, 2L * width }).run(4);
          for (int c = 0; c < width; c++) {
            float[] expected = { width + c, 0, 3 * width + c, 2 * width + 2 * c };
            for (int row = 0; row < 4; row++) {
              assertThat(to.getAtIndex(ValueLayout.JAVA_FLOAT, row * width + c)).isEqualTo(expected[row] * (last + 1));
            }
          }
          assertThat(refused(rows, 5)).isTrue();
          for (long outside : new long[]{ -1, 3L * width + 1 }) {
            assertThatExceptionOfType(IndexOutOfBoundsException.class)
                .isThrownBy(() -> rows.gather(last + 1, to, new long[]{ outside }));
          }
        }
      }
    }
  }

  /// The last row needs no room behind it, and more streams than pointers make no difference.
  @ParameterizedTest
  @ValueSource(strings = { "AVX2", "AVX512", "" })
  void stridedRowsLieAsFarApartAsTheCallerSays(String name) {
    RowPrograms programs = programs(name);
    int stride = 7;
    for (String others : new String[]{ "", " b c d e f g h i j k l" }) {
      try (RowKernels kernels = new RowKernels(programs); Arena arena = Arena.ofConfined()) {
        Rows rows = kernels.routine(
            Routine.of("elements x" + others + "; strided to; to = to + x" + others.replace(" ", " + ")), 3, stride);
        MemorySegment x = arena.allocate(4L * 3 * 3, 64);
        MemorySegment to = arena.allocate(4L * (2 * stride + 3), 64);
        for (int i = 0; i < 9; i++) {
          x.setAtIndex(ValueLayout.JAVA_FLOAT, i, 1 + i);
        }
        int last = others.length() / 2;
        for (int i = 0; i <= last; i++) {
          rows.bind(i, x, 0);
        }
        rows.bind(last + 1, to, 0).run(3);
        for (int i = 0; i < 2 * stride + 3; i++) {
          float expected = i % stride < 3 ? (1 + i / stride * 3 + i % stride) * (last + 1) : 0;
          assertThat(to.getAtIndex(ValueLayout.JAVA_FLOAT, i)).as("element %d", i).isEqualTo(expected);
        }
        assertThat(refused(rows.bind(last + 1, to, 1), 3)).isTrue();
      }
    }
  }

  /// Where no radicand is negative a root below the line is a guess that is mended, with no digit less; else NaN shows that one is.
  @ParameterizedTest
  @ValueSource(strings = { "AVX2", "AVX512", "" })
  void divisionsByRootsAreExactToTheLastDigits(String name) {
    RowPrograms programs = programs(name);
    int count = 10_007;
    try (RowKernels kernels = new RowKernels(programs); Arena arena = Arena.ofConfined()) {
      MemorySegment x = arena.allocate(4L * count, 64);
      MemorySegment y = arena.allocate(4L * count, 64);
      for (int i = 0; i < count - 6; i++) {
        x.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) Math.pow(10, -37.9 + 76.0 * i / count));
      }
      float[] others = { 0, -0f, 1e-40f, Float.MIN_NORMAL, -0.01f, Float.NaN };
      MemorySegment.copy(others, 0, x, ValueLayout.JAVA_FLOAT, 4L * (count - 6), 6);
      kernels.routine(Routine.of("elements x y; y = 1 / sqrt(abs(x))"), count).bind(x, y).run(1);
      for (int i = 0; i < count - 6; i++) {
        double expected = 1 / Math.sqrt(x.getAtIndex(ValueLayout.JAVA_FLOAT, i));
        assertThat(y.getAtIndex(ValueLayout.JAVA_FLOAT, i) / expected).isCloseTo(1, within(1.1e-7));
      }
      for (int i = 3; i <= 6; i++) {
        assertThat(y.getAtIndex(ValueLayout.JAVA_FLOAT, count - i)).isBetween(9e18f, 4e19f);
      }
      assertThat(y.getAtIndex(ValueLayout.JAVA_FLOAT, count - 2)).isCloseTo(10, within(2e-6f));
      assertThat(y.getAtIndex(ValueLayout.JAVA_FLOAT, count - 1)).isNaN();
      for (String radicand : List.of("x", "max(x, sqrt(x))")) {
        kernels.routine(Routine.of("elements x y; y = 1 / sqrt(" + radicand + ")"), count).bind(x, y).run(1);
        assertThat(y.getAtIndex(ValueLayout.JAVA_FLOAT, count - 2)).as(radicand).isNaN();
      }
    }
  }

  /// DyISRU's beta is a softplus, `max(b, 0) + log(1 + exp(-abs(b)))`, which has no -0.
  @ParameterizedTest
  @ValueSource(strings = { "dyisru", "weight * x / sqrt(2 + x^2 / 4)", "x / sqrt(max(1e-6, x^2))" })
  void aRootOfNothingNegativeBelowTheLineNeedsNoDivider(String name) {
    Formula formula = name.equals("dyisru") ? Formulas.of(name, true) : RandomFormulas.formula(name);
    RowPrograms programs = programs("");
    Wanted all = new Wanted(Collections.nCopies(1 + formula.parameters().size(), true), List.of(false));
    for (Program program : List.of(programs.forward(formula, 16), programs.backward(formula, 16, all))) {
      assertThat(program.plan().passes().stream().flatMap(pass -> StraightCode.elements(pass.sinks()).stream()))
          .extracting(e -> ((Expr.Apply) e).fn()).contains(Fn.ROOTGUESS).doesNotContain(Fn.SQRT, Fn.DIV);
    }
  }

  /// A power has its base twice, as a factor and below a root: found again for each it would take 2^36 steps.
  @Test
  void nestedPowersAreLoweredAtOnce() {
    String nested = "x / sqrt(1 + " + "(".repeat(36) + "x" + "^1.5)".repeat(36) + ")";
    assertTimeoutPreemptively(Duration.ofMinutes(1),
        () -> programs("").forward(RandomFormulas.formula(nested), 16));
  }

  /// Where the power is small its reciprocal is not infinite.
  @Test
  void negativePowersOfSmallNumbersAreFinite() {
    assertThat(error("x * (abs(x) + 1e-5)^-3.3", 33, 1)).isLessThan(1e-4);
    RowPrograms programs = programs("");
    try (RowKernels kernels = new RowKernels(programs); Arena arena = Arena.ofConfined()) {
      MemorySegment x = arena.allocate(4 * 8);
      kernels.routine(Routine.of("elements x; x = (abs(x) + 1e-5)^-3.3"), 8).bind(x).run(1);
      assertThat(x.getAtIndex(ValueLayout.JAVA_FLOAT, 0) / Math.pow(1e-5, -3.3)).isCloseTo(1, within(1e-4));
    }
  }

  private static boolean refused(Rows rows, int count) {
    try {
      rows.run(count);
      return false;
    } catch (IndexOutOfBoundsException e) {
      return true;
    }
  }

  @Test
  void aRoutineThatWouldComputeVectorsIsRefused() {
    assertThatIllegalArgumentException().isThrownBy(() -> Routine.of("elements x; channels a b; x = x + a * b"))
        .withMessageContaining("a vector is computed from others");
    assertThatIllegalArgumentException().isThrownBy(() -> Routine.of("element x"))
        .withMessageContaining("neither operands nor an assignment");
  }

  private interface Makers {
    Code.Maker of(InstructionSet set);
  }

  /// In plain Java, then on every instruction set.
  private static List<RowPrograms> engines(Makers maker) {
    List<RowPrograms> engines = new ArrayList<>(List.of(PlainRows.programs()));
    for (InstructionSet set : InstructionSet.values()) {
      engines.add(new RowPrograms(set, maker.of(set)));
    }
    return engines;
  }

  private static double error(String text, int width, long seed) {
    return error(RandomFormulas.formula(text), width, seed, engines(RowKernelsTest::maker));
  }

  /// Forward and backward of one formula, by every engine with the same bits.
  private static double error(Formula formula, int width, long seed, List<RowPrograms> engines) {
    int rows = 3;
    Random r = new Random(seed);
    Map<String, double[]> values = new HashMap<>(RandomFormulas.values(formula, width, seed));
    values.put("x", r.doubles((long) rows * width, -1.5, 1.5).toArray());
    values.put("u", r.doubles((long) rows * width, -1.5, 1.5).toArray());
    values.put("dy", r.doubles((long) rows * width, -1, 1).toArray());
    values.values().forEach(v -> Arrays.setAll(v, i -> (float) v[i]));
    Interpreter exact = new Interpreter(rows, width, values);
    List<double[]> expected = new ArrayList<>();
    List<Expr> outputs = formula.outputs();
    for (int i = 0; i < outputs.size(); i++) {
      expected.add(exact.of(outputs.get(i)));
      values.put(formula.outputNames().get(i), expected.getLast()); // backward may read slopes
    }
    for (Expr gradient : formula.gradients()) {
      expected.add(exact.of(gradient));
    }
    double worst = 0;
    List<double[]> plain = run(formula, values, rows, width, engines.getFirst());
    for (int k = 0; k < plain.size(); k++) {
      worst = Math.max(worst, difference(plain.get(k), expected.get(k)));
    }
    for (int engine = 1; engine < engines.size(); engine++) {
      List<double[]> actual = run(formula, values, rows, width, engines.get(engine));
      for (int k = 0; k < actual.size(); k++) {
        assertThat(actual.get(k))
            .as("%s, width %d, engine %d, result %d has the same bits", formula.text(), width, engine, k)
            .isEqualTo(plain.get(k));
      }
    }
    return worst;
  }

  private static double difference(double[] actual, double[] expected) {
    return Workbench.difference(actual, expected) / Math.max(1, Workbench.largest(expected));
  }

  /// y, the slopes that are kept, and all gradients; the second time gradients are added, which must give twice as much.
  private static List<double[]> run(Formula formula, Map<String, double[]> values, int rows, int width,
      RowPrograms programs) {
    try (Workbench bench = new Workbench(DType.FLOAT32); RowKernels kernels = new RowKernels(programs)) {
      List<Guarded> all = new ArrayList<>();
      Guarded dy = guarded(bench, all, values.get("dy"), rows, width);
      Guarded statistics = guarded(bench, all, null, kernels.statistics(formula), rows);
      List<Array> inputs = new ArrayList<>();
      List<Array> outputs = new ArrayList<>();
      List<Array> gradients = new ArrayList<>();
      formula.outputNames().forEach(_ -> outputs.add(guarded(bench, all, null, rows, width).array));
      for (String input : formula.inputs()) {
        inputs.add(guarded(bench, all, values.get(input), rows, width).array);
        gradients.add(guarded(bench, all, null, rows, width).array);
      }
      for (Parameter p : formula.parameters()) {
        int size = p.perChannel() ? width : 1;
        inputs.add(guarded(bench, all, values.get(p.name()), size).array);
        gradients.add(guarded(bench, all, null, size).array);
      }
      kernels.forward(formula, inputs, outputs, statistics.array);
      for (int i = 1; i < outputs.size(); i++) {
        inputs.set(i - 1, outputs.get(i));
      }
      List<@Nullable Grad> written = new ArrayList<>();
      gradients.forEach(g -> written.add(Grad.write(g)));
      kernels.backward(formula, dy.array, inputs, statistics.array, written);
      List<double[]> result = new ArrayList<>();
      outputs.forEach(output -> result.add(bench.read(output)));
      gradients.forEach(g -> result.add(bench.read(g)));
      List<@Nullable Grad> added = new ArrayList<>();
      gradients.forEach(g -> added.add(Grad.add(g)));
      kernels.backward(formula, dy.array, inputs, statistics.array, added);
      List<double[]> twice = new ArrayList<>();
      gradients.forEach(g -> twice.add(bench.read(g)));
      for (int k = 0; k < twice.size(); k++) {
        double[] doubled = Workbench.times(2, result.get(k + outputs.size()));
        assertThat(difference(twice.get(k), doubled)).as("added gradient %d of %s", k, formula).isLessThan(1e-5);
      }
      all.forEach(Guarded::check);
      return result;
    }
  }

  /// An array with an odd start, in memory full of NaN.
  private record Guarded(Workbench bench, Array around, Array array) {
    void check() {
      double[] values = bench.read(around);
      Arrays.fill(values, 17, 17 + Math.toIntExact(array.size()), Double.NaN);
      assertThat(Arrays.stream(values).filter(v -> !Double.isNaN(v))).isEmpty();
    }
  }

  private static Guarded guarded(Workbench bench, List<Guarded> all, double @Nullable [] values, int... shape) {
    int size = Math.toIntExact(Array.size(shape));
    Array around = bench.unwritten(size + 40);
    Guarded guarded = new Guarded(bench, around, around.slice(17, shape));
    if (values != null) {
      bench.backend().write(guarded.array, Objects.requireNonNull(values));
    }
    all.add(guarded);
    return guarded;
  }
}
