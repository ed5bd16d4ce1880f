package norma.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import norma.array.Array;
import norma.array.DType;
import norma.formula.Formula;
import norma.formula.Formula.Parameter;
import norma.formula.RandomFormulas;
import norma.kernels.cuda.CudaBackend.Precision;
import norma.kernels.cuda.Emulator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Formulas on the GPU, on the emulator where there is none, against the definition.
class CudaFormulasTest {

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = { "(weight + tanh(sum(x * b)) * a) * x / rms(x, 1e-6) | 33",
      "(weight + tanh(sum(x * b)) * a) * x / rms(x, 1e-6) | 1100",
      "weight / mean(weight) * atan(alpha * x / rms(x - alpha, 1e-3)) + bias | 16",
      "weight / mean(weight) * atan(alpha * x / rms(x - alpha, 1e-3)) + bias | 2050",
      "weight * erf(alpha * x + beta * tanh(mean(x * alpha))) * beta + bias | 1025",
      "weight * x / maxabs(x) + log(1.5 + sin(b * x))^2 * softplus(beta) | 5",
      "max(x, alpha) * min(x, b) + relu(x) * clamp(x, -1, 1) + silu(x) * cos(x) | 40", "weight + mean(x) | 7",
      "weight * x / std(a, 0.1 + mean(x^2)) | 12" })
  void theyEqualTheDefinition(String text, int width) {
    check(RandomFormulas.formula(text), width);
  }

  /// Widths below, at and above 16 bytes, those of a warp, and those of a block.
  static Stream<Arguments> builtIn() {
    int[] widths = { 1, 3, 4, 16, 31, 33, 127, 768 };
    List<Formula> formulas = Formulas.builtIn().toList();
    return IntStream.range(0, formulas.size()).mapToObj(i -> Arguments.of(formulas.get(i), widths[i % widths.length]));
  }

  @ParameterizedTest
  @MethodSource("builtIn")
  void soDoBuiltInTypes(Formula formula, int width) {
    check(formula, width);
  }

  @ParameterizedTest
  @MethodSource("norma.kernels.Formulas#ofTwo")
  void soDoFormulasOfTwo(Formula formula) {
    check(formula, formula.pointwise() ? 37 : 1100);
  }

  /// The first pass over a long row reads u alone. The last one makes x, a sum; where u is the same sum, the first one does.
  @ParameterizedTest
  @ValueSource(booleans = { false, true })
  void aSumMayBeOneInputOrBoth(boolean both) {
    Formula formula = Formula.ofTwo("x * u / rms(u, 1e-5)", List.of(), Map.of(), false);
    try (Workbench gpu = new Workbench(Emulator.open(Precision.FP32))) {
      Array half = gpu.unwritten(2, 600);
      Array sum = gpu.unwritten(2, 600);
      Array other = gpu.unwritten(2, 600);
      Array y = gpu.unwritten(2, 600);
      gpu.run(() -> {
        gpu.kernels().fill(half, 1.5);
        gpu.kernels().fill(other, 4);
        gpu.kernels().add(half, half, sum);
        Formulas.forward(gpu.kernels(), formula, new Array[]{ sum, both ? sum : other }, y);
      });
      assertThat(gpu.read(sum)).containsOnly(3);
      for (double value : gpu.read(y)) {
        assertThat(value).isCloseTo(3, within(1e-4));
      }
    }
  }

  private static void check(Formula formula, int width) {
    try (Workbench gpu = new Workbench(Emulator.open(Precision.FP32)); Workbench twice = new Workbench(DType.FLOAT64)) {
      List<double[]> actual = run(gpu, formula, width);
      List<double[]> expected = run(twice, formula, width);
      for (int k = 0; k < expected.size(); k++) {
        assertThat(actual.get(k)).hasSameSizeAs(expected.get(k));
        assertThat(Workbench.difference(actual.get(k), expected.get(k))).as("result %d", k)
            .isLessThan(2e-5 * Math.max(1, Workbench.largest(expected.get(k))));
      }
    }
  }

  /// y, dx and the parameters' gradients.
  private static List<double[]> run(Workbench bench, Formula formula, int width) {
    int rows = 37;
    Map<String, double[]> values = RandomFormulas.values(formula, width, 3);
    Array dy = bench.array(Workbench.normal((long) rows * width, 2), rows, width);
    List<Array> outputs = formula.outputNames().stream().map(_ -> bench.unwritten(rows, width)).toList();
    List<Array> in = new ArrayList<>();
    List<Grad> out = new ArrayList<>();
    for (String input : formula.inputs()) {
      in.add(bench.array(Workbench.normal((long) rows * width, input.equals("x") ? 1 : 4), rows, width));
      out.add(Grad.write(bench.unwritten(rows, width)));
    }
    for (Parameter p : formula.parameters()) {
      int[] shape = p.perChannel() ? new int[]{ width } : new int[0];
      in.add(bench.array(Objects.requireNonNull(values.get(p.name())), shape));
      out.add(Grad.write(bench.unwritten(shape)));
    }
    bench.run(() -> {
      Array statistics = Formulas.forward(bench.kernels(), formula, in.toArray(Array[]::new),
          outputs.toArray(Array[]::new));
      for (int i = 1; i < outputs.size(); i++) {
        in.set(i - 1, outputs.get(i));
      }
      bench.kernels().formulaBackward(formula, dy, in, statistics, new ArrayList<>(out));
      List<@Nullable Grad> added = new ArrayList<>(Collections.nCopies(out.size(), null)); // u's once more, nobody else's
      added.set(formula.inputs().size() - 1, Grad.add(out.get(formula.inputs().size() - 1).array()));
      bench.kernels().formulaBackward(formula, dy, in, statistics, added);
    });
    List<double[]> results = new ArrayList<>();
    outputs.forEach(output -> results.add(bench.read(output)));
    out.forEach(grad -> results.add(bench.read(grad.array())));
    return results;
  }
}
