package norma.bench;

import java.io.IOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import norma.formula.Formula;
import norma.formula.Formula.Parameter;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/// Writes what PyTorch makes of formulas, in float64, next to them: the module `framework` compares itself with it in every build. The file
/// says how.
public final class FreezeTorchFormulas {
  private static final MathContext DIGITS = new MathContext(14);

  private FreezeTorchFormulas() {}

  /// @param args the file: a formula, then a line `NAME SIZE` for y, x and each parameter, where new numbers are put behind
  public static void main(String[] args) throws IOException {
    Path file = Path.of(args[0]);
    List<String> lines = new ArrayList<>();
    List<String> names = new ArrayList<>();
    String formula = "";
    for (String line : Files.readAllLines(file)) {
      if (line.startsWith("  ")) {
        names.add(line.strip());
      } else {
        lines.addAll(numbers(formula, names));
        names.clear();
        formula = line;
        lines.add(line);
      }
    }
    lines.addAll(numbers(formula, names));
    Files.write(file, lines);
    System.out.println("wrote " + Files.size(file) + " bytes to " + file);
  }

  private static List<String> numbers(String text, List<String> names) {
    if (names.isEmpty()) {
      return List.of();
    }
    Map<String, Integer> sizes = new LinkedHashMap<>();
    names.forEach(line -> sizes.put(line.split(" ", -1)[0], Integer.valueOf(line.split(" ", -1)[1])));
    List<Parameter> own = new ArrayList<>();
    sizes.forEach((name, size) -> {
      if (!List.of("y", "x", "u", "weight", "bias").contains(name)) {
        own.add(new Parameter(name, size > 1, false));
      }
    });
    try (PointerScope scope = new PointerScope()) {
      int width = Objects.requireNonNull(sizes.get("weight"));
      int rows = Objects.requireNonNull(sizes.get("x")) / width;
      Map<String, Tensor> leaves = new LinkedHashMap<>();
      leaves.put("width", TorchFormula.number(width));
      sizes.forEach((name, size) -> {
        if (List.of("x", "u").contains(name)) {
          leaves.put(name, input(name, size).reshape(rows, width).detach().set_requires_grad(true));
        } else if (!name.equals("y")) {
          leaves.put(name, input(name, size).set_requires_grad(true));
        }
      });
      leaves.putIfAbsent("bias", Tensor.create(new double[width], width));
      Tensor y = TorchFormula.of(sizes.containsKey("u")
          ? Formula.ofTwo(text, own, Map.of(), true)
          : Formula.of(text, own, Map.of(), true), leaves);
      y.mul(input("dy", rows * width).reshape(rows, width)).sum().backward();
      List<String> lines = new ArrayList<>();
      sizes.forEach((name, size) -> lines.add("  " + name + " " + size + summary(
          TorchGpt.numbers(name.equals("y") ? y : Objects.requireNonNull(leaves.get(name)).grad()))));
      return lines;
    }
  }

  private static Tensor input(String name, int size) {
    double[] numbers = new double[size];
    for (int i = 0; i < size; i++) {
      numbers[i] = 1.5 * FrozenInputs.sine(name, i, 0);
    }
    return Tensor.create(numbers, size);
  }

  private static String summary(double[] g) {
    StringBuilder line = new StringBuilder();
    for (double number : new double[]{ Numbers.largest(g), Numbers.along(g), g[0], g[g.length - 1] }) {
      line.append(' ').append(new BigDecimal(number).round(DIGITS).doubleValue());
    }
    return line.toString();
  }
}
