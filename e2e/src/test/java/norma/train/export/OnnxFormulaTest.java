package norma.train.export;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import norma.formula.Expr;
import norma.formula.Expr.Apply;
import norma.formula.Fn;
import norma.formula.Formula;
import norma.formula.Interpreter;
import norma.formula.RandomFormulas;
import norma.kernels.Formulas;
import norma.train.files.Protobuf;
import org.junit.jupiter.api.Test;

/// ONNX Runtime computes a formula's nodes; the definition in float64 says what they should be.
class OnnxFormulaTest {
  private static final int ROWS = 3;
  private static final int WIDTH = 5;

  /// The built-in ones, twenty of one and of two inputs that are drawn at random, and every function by itself.
  private static List<Formula> formulas() {
    Stream<String> random = IntStream.range(0, 20).mapToObj(seed -> RandomFormulas.draw(seed, 3).toString());
    Stream<String> functions = Stream.of("sqrt(1 + abs(x))", "sign(x - 0.1)", "max(x, a)", "min(x, alpha)",
        "clamp(x, -0.5, a)",
        "relu(x)", "exp(x)", "log(2 + x)", "sin(x)", "cos(x)", "atan(x)", "tanh(x)", "erf(x)", "isru(x)", "softsign(x)",
        "sigmoid(x)", "silu(x)", "gelu(x)", "softplus(x)", "x / maxabs(x)", "x - mean(x)", "x + sum(b * x)",
        "x * var(x)",
        "x / std(x, 0.1)", "x / rms(x, 0.1)", "abs(x)^1.5", "-x", "x * width");
    return Stream
        .of(Formulas.builtIn(), Formulas.ofTwo(), Stream.concat(random, functions).map(RandomFormulas::formula))
        .flatMap(all -> all).toList();
  }

  /// A function that is added to the language is added above, and then to the export.
  @Test
  void everyFunctionOfTheLanguageIsAmongThem() {
    Set<Fn> used = formulas().stream().flatMap(formula -> Expr.nodes(List.of(formula.written())).stream())
        .filter(Apply.class::isInstance).map(node -> ((Apply) node).fn()).collect(Collectors.toSet());
    assertThat(used).containsAll(EnumSet.range(Fn.ADD, Fn.RMS));
  }

  @Test
  void onnxRuntimeComputesWhatTheFormulaSays() throws OrtException {
    List<Formula> formulas = formulas();
    List<Map<String, double[]>> values = new ArrayList<>();
    OnnxGraph graph = new OnnxGraph("formulas");
    for (Formula formula : formulas) {
      String layer = "formula " + values.size();
      values.add(values(formula));
      List<String> inputs = new ArrayList<>();
      formula.inputs().forEach(name -> inputs.add(tensor(graph, layer, name, values.getLast(), ROWS, WIDTH)));
      formula.parameters().forEach(p -> inputs.add(
          tensor(graph, layer, p.name(), values.getLast(), p.perChannel() ? new int[]{ WIDTH } : new int[0])));
      graph.output(layer, OnnxFormula.of(graph, layer, formula, WIDTH, inputs), "3", "5");
    }
    OrtEnvironment environment = OnnxRuntime.start();
    try (OrtSession session = environment.createSession(OnnxModel.model(graph.message(), Map.of()).toByteArray());
        OrtSession.Result result = session.run(Map.of())) {
      for (int i = 0; i < formulas.size(); i++) {
        float[][] y = (float[][]) result.get("formula " + i).orElseThrow().getValue();
        double[] expected = new Interpreter(ROWS, WIDTH, values.get(i)).of(formulas.get(i).written());
        double largest = Arrays.stream(expected).map(Math::abs).max().orElseThrow();
        for (int j = 0; j < expected.length; j++) {
          assertThat(Math.abs(y[j / WIDTH][j % WIDTH] - expected[j]) / Math.max(1, largest)).as("%s", formulas.get(i))
              .isLessThan(1e-5);
        }
      }
    }
  }

  private static Map<String, double[]> values(Formula formula) {
    Random random = new Random(formula.text().hashCode());
    Map<String, double[]> values = new HashMap<>(RandomFormulas.values(formula, WIDTH, random.nextLong()));
    values.put("x", random.doubles(ROWS * WIDTH, -1.5, 1.5).toArray());
    values.put("u", random.doubles(ROWS * WIDTH, -1.5, 1.5).toArray());
    values.replaceAll((name, numbers) -> Arrays.stream(numbers).map(number -> (float) number).toArray());
    return values;
  }

  private static String tensor(OnnxGraph graph, String layer, String name, Map<String, double[]> values, int... shape) {
    return graph.tensor(layer + " " + name, shape, () -> values.get(name));
  }
}
