package norma.fuzz;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import norma.formula.Formula;
import norma.formula.Formula.Parameter;

/// A formula in a fuzzer's bytes: what is made of a stranger's line of configuration. Names: a and b are vectors, alpha and beta
/// numbers, u is a second input.
public final class FormulaText {
  /// Formulas of at most 400 characters have at most 3,000 nodes, and gradients of as many.
  private static final Input INPUT = new Input("formula.txt", 1 << 20);
  private static final List<Parameter> NAMES = List.of(new Parameter("a", true, false), new Parameter("b", true, false),
      new Parameter("alpha", false, false), new Parameter("beta", false, true));

  private FormulaText() {}

  /// Reads a formula, which may be refused in one line.
  ///
  /// @param use what is done with it, which takes its share of memory too; fails if that is not what it should be
  public static void read(byte[] data, Consumer<Formula> use) {
    INPUT.read(data, file -> {
      Formula formula = of(new String(Files.readAllBytes(file), UTF_8));
      use.accept(formula);
      return formula;
    }, IllegalArgumentException.class);
  }

  private static Formula of(String text) {
    List<Parameter> used = new ArrayList<>();
    for (Parameter p : NAMES) {
      if (Pattern.compile("\\b" + p.name() + "\\b").matcher(text).find()) {
        used.add(p);
      }
    }
    boolean second = Pattern.compile("\\bu\\b").matcher(text).find();
    return second
        ? Formula.ofTwo(text, used, Map.of("eps", 1e-5), true)
        : Formula.of(text, used, Map.of("eps", 1e-5), true);
  }
}
