package norma.formula;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Predicate;
import norma.formula.Formula.Parameter;

/// Formulas drawn from the language by a seed. Names: weight, bias, a and b are vectors, alpha, beta and shift numbers.
public final class RandomFormulas {
  private static final Map<String, Boolean> NAMES = new LinkedHashMap<>();

  static {
    List.of("a", "b").forEach(name -> NAMES.put(name, true));
    List.of("alpha", "beta", "shift").forEach(name -> NAMES.put(name, false));
  }

  private RandomFormulas() {}

  /// A formula as a tree, so that it can be made smaller.
  public record Node(String before, List<Node> parts, String between, String after) {
    @Override
    public String toString() {
      StringBuilder text = new StringBuilder(before);
      for (int i = 0; i < parts.size(); i++) {
        text.append(i == 0 ? "" : between).append(parts.get(i));
      }
      return text.append(after).toString();
    }

    /// The same with u in the place of some x.
    private Node ofTwo(Random r) {
      boolean changed = before.equals("x") && r.nextBoolean();
      return new Node(changed ? "u" : before, parts.stream().map(part -> part.ofTwo(r)).toList(), between, after);
    }

    /// All formulas with one node replaced by a part of it, largest steps first.
    List<Node> smaller() {
      List<Node> all = new ArrayList<>(parts);
      for (int i = 0; i < parts.size(); i++) {
        for (Node part : parts.get(i).smaller()) {
          List<Node> changed = new ArrayList<>(parts);
          changed.set(i, part);
          all.add(new Node(before, changed, between, after));
        }
      }
      return all;
    }
  }

  /// A formula with everything that occurs in it declared, a function of two where it uses u.
  public static Formula formula(String text) {
    List<Parameter> names = NAMES.entrySet().stream().filter(e -> uses(text, e.getKey()))
        .map(e -> new Parameter(e.getKey(), e.getValue(), false)).toList();
    return uses(text, "u") ? Formula.ofTwo(text, names, Map.of(), true) : Formula.of(text, names, Map.of(), true);
  }

  private static boolean uses(String text, String name) {
    return text.matches(".*\\b" + name + "\\b.*");
  }

  /// Draws one, at most 400 characters long, of two inputs where the seed is odd.
  public static Node draw(long seed, int deepest) {
    Random r = new Random(seed);
    for (int depth = 1 + r.nextInt(deepest);; depth = 1) {
      Node node = new Node("weight * x + ", List.of(draw(r, depth)), "", "");
      if (node.toString().length() <= 380) {
        return seed % 2 == 0 ? node : new Node("u * ", List.of(leaf("x"), node.ofTwo(r)), " * weight + ", "");
      }
    }
  }

  /// The smallest formula near this one for which something still holds.
  public static Node shrink(Node node, Predicate<Node> holds) {
    for (Node smaller : node.smaller()) {
      if (uses(smaller.toString(), "x") && holds.test(smaller)) {
        return shrink(smaller, holds);
      }
    }
    return node;
  }

  private static Node leaf(String text) {
    return new Node(text, List.of(), "", "");
  }

  private static Node draw(Random r, int depth) {
    if (depth == 0) {
      return leaf(List.of("x", "x", "x", pick(r, "weight", "b", "bias", "a"), pick(r, "alpha", "beta", "shift"),
          "(x - mean(x))").get(r.nextInt(6)));
    }
    Node u = draw(r, depth - 1);
    return switch (r.nextInt(15)) {
      case 0, 1 -> new Node("(", List.of(u, draw(r, depth - 1)), " + ", ")");
      case 2, 3 -> new Node("(", List.of(u, draw(r, depth - 1)), ") * (", ")");
      case 4 -> new Node("(", List.of(u, draw(r, 0)), ") / (1.5 + ", "^2)");
      case 5, 6, 7 ->
        new Node(pick(r, "tanh", "erf", "isru", "atan", "softsign", "sigmoid", "sin", "cos", "silu", "gelu",
            "softplus") + "(", List.of(u), "", ")");
      case 8 -> new Node("exp(tanh(", List.of(u), "", "))");
      case 9 -> new Node("log(2 + sin(", List.of(u), "", "))");
      case 10 -> new Node("(", List.of(u, u), ") / " + pick(r, "std", "rms") + "(x * (", "), 0.1)");
      case 11 -> new Node("(x + " + pick(r, "mean", "sum", "var") + "(x * (", List.of(u), "", ")) / width)");
      case 12 -> new Node("(", List.of(u, u), ") * std(x * b + ", ", 0.3)");
      case 13 -> new Node("(-", List.of(draw(r, 0), u), " + (", "))");
      default -> new Node("clamp(", List.of(u), "", ", -2, 3) / (1 + abs(x))^1.5");
    };
  }

  private static String pick(Random r, String... names) {
    return names[r.nextInt(names.length)];
  }

  /// Values of every parameter, around 1 in magnitude.
  public static Map<String, double[]> values(Formula formula, int width, long seed) {
    Random r = new Random(seed);
    Map<String, double[]> values = new HashMap<>();
    for (Parameter p : formula.parameters()) {
      values.put(p.name(), r.doubles(p.perChannel() ? width : 1, -1.5, 1.5).toArray());
    }
    return values;
  }
}
