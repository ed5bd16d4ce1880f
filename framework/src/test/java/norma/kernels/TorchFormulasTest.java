package norma.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import norma.array.Array;
import norma.array.DType;
import norma.formula.Formula;
import norma.formula.RandomFormulas;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Formulas and their gradients equal PyTorch's and autograd's numbers in `torch-formulas.txt`, which says how they were made.
class TorchFormulasTest {
  private static final double TOLERANCE = 1e-12;

  /// @param numbers of y, x and each parameter: size, largest magnitude, sum of g_i cos(1 + 2.3 i), first, last
  record Frozen(String text, Map<String, double[]> numbers) {
    @Override
    public String toString() {
      return text;
    }
  }

  @ParameterizedTest
  @MethodSource("frozen")
  void theDefinitionEqualsPyTorch(Frozen frozen) {
    Formula formula = RandomFormulas.formula(frozen.text);
    Map<String, double[]> results = new LinkedHashMap<>();
    try (Workbench bench = new Workbench(DType.FLOAT64)) {
      Map<String, Array> gradients = new LinkedHashMap<>();
      Map<String, Array> inputs = new LinkedHashMap<>();
      int size = size(frozen, "x");
      int width = size(frozen, "weight");
      frozen.numbers.keySet().forEach(name -> {
        int[] shape = List.of("y", "x", "u").contains(name)
            ? new int[]{ size / width, width }
            : size(frozen, name) > 1 ? new int[]{ width } : new int[0];
        inputs.put(name, bench.array(input(name, size(frozen, name)), shape));
        gradients.put(name, bench.unwritten(shape));
      });
      List<String> names = new ArrayList<>(formula.inputs());
      formula.parameters().forEach(p -> names.add(p.name()));
      List<Array> in = names.stream().map(name -> Objects.requireNonNull(inputs.get(name))).toList();
      Array dy = bench.array(input("dy", size), size / width, width);
      bench.run(() -> {
        Array statistics = Formulas.forward(bench.kernels(), formula, in.toArray(Array[]::new),
            Objects.requireNonNull(gradients.get("y")));
        bench.kernels().formulaBackward(formula, dy, in, statistics,
            names.stream().map(name -> Grad.write(Objects.requireNonNull(gradients.get(name)))).toList());
      });
      gradients.forEach((name, array) -> results.put(name, bench.read(array)));
      assertThat(bench.read(in.getFirst())).as("x stays").isEqualTo(input("x", size));
      assertThat(bench.read(dy)).as("dy stays").isEqualTo(input("dy", size));
    }
    frozen.numbers.forEach((name, expected) -> {
      double[] actual = summary(Objects.requireNonNull(results.get(name)));
      for (int i = 1; i < expected.length; i++) {
        assertThat(Math.abs(actual[i] - expected[i]) / Math.max(1, expected[1])).as("%s, number %d", name, i)
            .isLessThan(TOLERANCE);
      }
    });
  }

  private static int size(Frozen frozen, String name) {
    return (int) Objects.requireNonNull(frozen.numbers.get(name))[0];
  }

  private static double[] input(String name, int size) {
    double[] numbers = new double[size];
    for (int i = 0; i < size; i++) {
      numbers[i] = 1.5 * StrictMath.sin(name.hashCode() % 1000 + 0.7 * i * i);
    }
    return numbers;
  }

  private static double[] summary(double[] g) {
    double along = 0;
    double largest = 0;
    for (int i = 0; i < g.length; i++) {
      along += g[i] * StrictMath.cos(1 + 2.3 * i);
      largest = Math.max(largest, Math.abs(g[i]));
    }
    return new double[]{ g.length, largest, along, g[0], g[g.length - 1] };
  }

  static Stream<Frozen> frozen() throws IOException {
    List<Frozen> all = new ArrayList<>();
    try (InputStream file = Objects.requireNonNull(RandomFormulas.class.getResourceAsStream("torch-formulas.txt"))) {
      for (String line : new String(file.readAllBytes(), StandardCharsets.UTF_8).lines().toList()) {
        String[] words = line.strip().split(" ", -1);
        if (line.startsWith("  ")) {
          all.getLast().numbers.put(words[0], Stream.of(words).skip(1).mapToDouble(Double::parseDouble).toArray());
        } else if (!line.startsWith("#")) {
          all.add(new Frozen(line, new LinkedHashMap<>()));
        }
      }
    }
    assertThat(all).hasSize(54);
    return all.stream();
  }
}
