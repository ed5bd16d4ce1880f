package norma.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import norma.formula.Formula;
import norma.formula.Formula.Parameter;
import norma.nn.NormSpec;
import norma.nn.NormTypes;
import norma.train.export.TorchPrinter;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.CompilationUnit;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Formulas as Python, compiled by PyTorch (TorchScript has no `torch.nn.functional`), give what PyTorch's operations give, called one by one.
class TorchPrinterTest {
  private static final Path DRAWN = Path.of("../framework/src/test/resources/norma/formula/torch-formulas.txt");
  private static final List<Parameter> NAMES = List.of(new Parameter("a", true, false), new Parameter("b", true, false),
      new Parameter("alpha", false, false), new Parameter("beta", false, false), new Parameter("shift", false, false));
  private static final int WIDTH = 7;
  private static final int ROWS = 5;

  static Stream<Formula> formulas() throws IOException {
    List<Formula> formulas = new ArrayList<>();
    NormTypes.builtIn()
        .forEach(type -> formulas.add(NormTypes.start(NormSpec.of(type.name()), "", 1, true).orElseThrow().formula()));
    List<Parameter> own = List.of(new Parameter("alpha", false, true), new Parameter("a", true, false));
    for (String text : List.of("max(x, alpha) + min(x, 0.3) * max(-0.2, a)", "clamp(x, alpha - 1, 0.4 * a)",
        "x + clamp(1, 2, alpha) + clamp(a, -0.1, alpha)", "maxabs(x) + x / width + sqrt(width) * alpha * a^-2",
        "softsign(relu(x) + a) + sign(x - alpha) + atan(a * x)^2 - isru(isru(x - alpha))^3")) {
      formulas.add(Formula.of(text, own, Map.of(), false));
    }
    for (String line : Files.readAllLines(DRAWN)) {
      if (!line.startsWith("#") && !line.startsWith(" ")) {
        formulas.add(drawn(line));
      }
    }
    return formulas.stream();
  }

  private static Formula drawn(String text) {
    List<Parameter> used = NAMES.stream().filter(name -> text.matches(".*\\b" + name.name() + "\\b.*")).toList();
    return text.matches(".*\\bu\\b.*")
        ? Formula.ofTwo(text, used, Map.of(), true)
        : Formula.of(text, used, Map.of(), true);
  }

  @ParameterizedTest
  @MethodSource("formulas")
  void thePrintedTextIsTheFormula(Formula formula) {
    try (PointerScope scope = new PointerScope()) {
      Random r = new Random(5);
      Map<String, Tensor> leaves = new LinkedHashMap<>(Map.of("width", TorchFormula.number(WIDTH)));
      formula.inputs().forEach(name -> leaves.put(name, tensor(r, ROWS * WIDTH).reshape(ROWS, WIDTH)));
      formula.parameters()
          .forEach(p -> leaves.put(p.name(), p.perChannel() ? tensor(r, WIDTH) : tensor(r, 1).squeeze()));
      String source = TorchPrinter.ISRU + "def softsign(u):\n    return u / (1 + torch.abs(u))\ndef f("
          + String.join(", ", leaves.keySet()) + "):\n    "
          + String.join("\n    ", TorchPrinter.body(formula, name -> name)).replace("F.softsign", "softsign").replace(
              "F.",
              "torch.")
          + "\n";
      IValueVector arguments = new IValueVector();
      leaves.values().forEach(leaf -> arguments.push_back(new IValue(leaf)));
      CompilationUnit unit = torch.compile(source);
      double[] printed = TorchGpt.numbers(unit.get_functions().get(2).apply(arguments).toTensor());
      assertThat(printed).as(source).containsExactly(TorchGpt.numbers(TorchFormula.of(formula, leaves)), within(1e-7));
    }
  }

  private static Tensor tensor(Random r, int size) {
    return Tensor.create(r.doubles(size, -1.5, 1.5).toArray(), size);
  }
}
