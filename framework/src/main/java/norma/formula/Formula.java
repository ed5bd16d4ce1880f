package norma.formula;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import norma.formula.Expr.Apply;
import norma.formula.Expr.Leaf;
import norma.formula.Expr.Space;

/// A normalization, an activation or a gate: `y = f(x; parameters)` for x (R, C), or `y = f(x, u; parameters)` where a second input u (R, C)
/// joins x. Equal ones are made of the same text and parameters.
///
/// `weight` and `bias` are vectors (C); `width` is C.
public final class Formula {
  private static final Set<String> RESERVED = Set.of("x", "y", "dx", "dy", "width", "depth", "weight", "bias");
  private static final int MOST_PARAMETERS = 16;
  /// Of a formula with its gradients, and of its derivatives on the way: bounds the size of its kernels.
  private static final int MOST_NODES = 3000;

  private final Key key;
  private final String identity; // all of the key: compared in every call of a kernel
  private final Graph g = new Graph();
  private final List<String> rewrites = new ArrayList<>();
  private final Expr written;
  private final Expr y;
  private final List<Parameter> parameters = new ArrayList<>();
  private final List<String> inputs;
  private final List<Expr> slopes; // of the inputs, or none
  private final List<String> saved;
  private final List<String> outputNames;
  private final List<Expr> gradients = new ArrayList<>();

  /// A learnable number or vector.
  ///
  /// @param name       in the formula and in a checkpoint
  /// @param perChannel whether it is a vector (C)
  /// @param positive   whether the formula's value is its softplus
  public record Parameter(String name, boolean perChannel, boolean positive) {

    /// What the formula takes for a stored number.
    public double value(double stored) {
      return positive ? Math.max(stored, 0) + Math.log1p(Math.exp(-Math.abs(stored))) : stored;
    }

    /// What is stored for a number in the formula.
    ///
    /// @param value above 0 if it is positive
    public double stored(double value) {
      return positive ? value + Math.log(-Math.expm1(-value)) : value;
    }
  }

  private record Key(String text, List<Parameter> parameters, Map<String, Double> constants, boolean bias,
      boolean activation, boolean second) {}

  /// A function of x with parameters.
  ///
  /// @param text       the formula
  /// @param parameters besides weight and bias
  /// @param constants  other names, with their values
  /// @param bias       whether `bias` is learnable, else 0
  /// @throws IllegalArgumentException with the place of what is wrong
  public static Formula of(String text, List<Parameter> parameters, Map<String, Double> constants, boolean bias) {
    return new Formula(new Key(text, List.copyOf(parameters), Map.copyOf(constants), bias, false, false));
  }

  /// The same as [#of] for a function of x and u, both of which the text must use.
  ///
  /// @throws IllegalArgumentException with the place of what is wrong
  public static Formula ofTwo(String text, List<Parameter> parameters, Map<String, Double> constants, boolean bias) {
    return new Formula(new Key(text, List.copyOf(parameters), Map.copyOf(constants), bias, false, true));
  }

  /// A function of `x + bias`, or of x, element by element.
  ///
  /// @throws IllegalArgumentException with the place of what is wrong
  public static Formula activation(String text, boolean bias) {
    return new Formula(new Key(text, List.of(), Map.of(), bias, true, false));
  }

  /// `f(x + bias) * u`, or `f(x) * u`: a gated activation (Shazeer, arXiv:2002.05202).
  ///
  /// @param text of f
  /// @throws IllegalArgumentException with the place of what is wrong
  public static Formula gate(String text, boolean bias) {
    return new Formula(new Key(text, List.of(), Map.of(), bias, true, true));
  }

  /// A number in the language.
  ///
  /// @param constants names with their values
  public static double number(String text, Map<String, Double> constants) {
    Graph g = new Graph();
    Map<String, Expr> names = new HashMap<>();
    constants.forEach((name, value) -> names.put(name, g.num(value)));
    if (Parser.parse(g, text, names, List.of()) instanceof Expr.Num number) {
      return number.value();
    }
    throw new IllegalArgumentException("\"" + text + "\" is not a number");
  }

  private Formula(Key key) {
    this.key = key;
    identity = String.join("\n", key.text, key.parameters.toString(), new TreeMap<>(key.constants).toString(),
        key.bias + " " + key.activation + " " + key.second);
    inputs = key.second ? List.of("x", "u") : List.of("x");
    for (Parameter p : key.parameters) {
      if (!Parser.isName(p.name) || RESERVED.contains(p.name) || Fn.named(p.name) != null) {
        throw new IllegalArgumentException("a parameter cannot be called '" + p.name + "'");
      }
    }
    if (key.parameters.size() > MOST_PARAMETERS) {
      throw new IllegalArgumentException("at most " + MOST_PARAMETERS + " parameters, not " + key.parameters.size());
    }
    Set<String> must = new HashSet<>();
    Map<String, Expr> names = names(must);
    Expr parsed = Parser.parse(g, key.text, names, must);
    written = key.second && key.activation ? g.mul(parsed, point("u")) : parsed;
    y = new Rewriter(g, rewrites).rewrite(written);
    if (y.space() != Space.POINT) {
      throw new IllegalArgumentException("\"" + key.text + "\" does not vary over "
          + (y.space().rows() ? "channels: its value is a statistic" : "tokens: it must use x"));
    }
    List<Expr> used = Expr.nodes(List.of(y));
    for (String input : key.second ? inputs : List.<String>of()) {
      if (!used.contains(point(input))) {
        throw new IllegalArgumentException("\"" + key.text + "\" does not depend on " + input);
      }
    }
    Map<Leaf, Expr> byLeaf = Gradient.of(g, y);
    slopes = key.activation ? kept(byLeaf) : List.of();
    saved = slopes.isEmpty() ? inputs : inputs.stream().map(Formula::slope).toList();
    outputNames = Stream.concat(Stream.of("y"), saved.stream().filter(name -> !inputs.contains(name))).toList();
    for (String input : inputs) {
      gradients.add(slopes.isEmpty()
          ? byLeaf.getOrDefault(point(input), g.num(0))
          : g.mul(point("dy"), point(slope(input))));
    }
    List<Parameter> all = new ArrayList<>(List.of(new Parameter("weight", true, false)));
    all.addAll(key.parameters);
    all.add(new Parameter("bias", true, false));
    for (Parameter parameter : all) {
      Expr gradient = byLeaf.get(leaf(parameter));
      if (gradient != null) {
        parameters.add(parameter);
        gradients.add(slopes.isEmpty() ? gradient : g.apply(Fn.ROWS, gradients.getFirst()));
      }
    }
    if (Expr.nodes(gradients).size() > MOST_NODES) {
      throw new IllegalArgumentException(
          "\"" + key.text + "\" has a gradient of more than " + MOST_NODES + " operations");
    }
  }

  private Map<String, Expr> names(Set<String> must) {
    Map<String, Expr> names = new HashMap<>();
    Expr x = point("x");
    Expr bias = key.bias ? g.leaf("bias", Space.CHANNEL) : g.num(0);
    if (key.activation) {
      names.put("x", g.add(x, bias));
    } else {
      names.put("x", x);
      names.put("bias", bias);
      names.put("weight", g.leaf("weight", Space.CHANNEL));
      names.put("width", g.width());
    }
    if (key.second && !key.activation) {
      names.put("u", point("u"));
      must.addAll(inputs);
    }
    key.constants.forEach((name, value) -> {
      names.put(name, g.num(value));
      must.add(name);
    });
    for (Parameter p : key.parameters) {
      Expr leaf = leaf(p);
      names.put(p.name, p.positive ? g.apply(Fn.SOFTPLUS, leaf) : leaf);
      must.add(p.name);
    }
    return names;
  }

  private Leaf point(String name) {
    return (Leaf) g.leaf(name, Space.POINT);
  }

  private static String slope(String input) {
    return "slope_" + input;
  }

  /// dy/dx of an activation, and dy/du of a gate, if they cost more than to read them; else none, and backward reads x and u.
  private List<Expr> kept(Map<Leaf, Expr> byLeaf) {
    List<Expr> all = new ArrayList<>();
    boolean costly = false;
    for (String input : inputs) {
      Expr s = g.with(byLeaf.getOrDefault(point(input), g.num(0)), point("dy"), 1);
      if (s.space() != Space.POINT || !pointwise()) {
        return List.of();
      }
      for (Expr node : Expr.nodes(List.of(Lowering.expand(g, s)))) {
        costly |= node instanceof Apply a && a.fn().costly();
      }
      all.add(s);
    }
    return costly ? all : List.of();
  }

  /// The text that it was made of.
  public String text() {
    return key.text;
  }

  /// The tree of the text, before anything is rewritten; as text, the formula as it was understood.
  public Expr written() {
    return written;
  }

  /// The gradients of `sum(dy y)` by x and by each parameter, `dx`, `dweight`, ..., as text of the language, after the expressions that they
  /// share, `#1`, `#2`, ...
  public Map<String, String> derivation() {
    Map<String, Expr> roots = new LinkedHashMap<>();
    List<String> names = new ArrayList<>(inputs);
    parameters.forEach(p -> names.add(p.name));
    for (int i = 0; i < names.size(); i++) {
      roots.put("d" + names.get(i), gradients.get(i));
    }
    return Printer.derivation(roots);
  }

  /// What the functions in [#rewrites] and [#derivation] mean that are not in the language, a line each.
  public List<String> meanings() {
    Set<String> meanings = new TreeSet<>();
    List<Expr> all = new ArrayList<>(gradients);
    all.add(y);
    for (Expr node : Expr.nodes(all)) {
      if (node instanceof Apply a && !a.fn().meaning().isEmpty()) {
        meanings.add(a.fn().meaning());
      }
    }
    return List.copyOf(meanings);
  }

  /// Whether each channel's y depends on that channel's x alone.
  public boolean pointwise() {
    return Expr.nodes(List.of(y)).stream().noneMatch(e -> e.space() == Space.ROW);
  }

  /// Whether y is `weight f + bias`, where f has neither of them.
  public boolean scaled() {
    Expr weight = g.leaf("weight", Space.CHANNEL);
    Expr bias = g.leaf("bias", Space.CHANNEL);
    Expr rest = g.with(y, weight, 0);
    Expr slope = Gradient.of(g, y).get((Leaf) weight);
    List<Expr> used = slope == null ? List.of(weight) : Expr.nodes(List.of(slope));
    return !used.contains(weight) && !used.contains(bias) && (has("bias") ? rest.equals(bias) : Graph.is(rest, 0));
  }

  /// The same function with a vector for each of its numbers: with a point of a curve in each channel, gradients by them are the points' own.
  ///
  /// @throws IllegalStateException unless it is [#pointwise]
  public Formula perPoint() {
    if (!pointwise()) {
      throw new IllegalStateException(key.text + " has statistics");
    }
    List<Parameter> vectors = new ArrayList<>();
    for (Parameter p : key.parameters) {
      vectors.add(new Parameter(p.name, true, p.positive));
    }
    return new Formula(new Key(key.text, vectors, key.constants, key.bias, key.activation, key.second));
  }

  Expr y() {
    return y;
  }

  Graph graph() {
    return g;
  }

  /// A parameter's node.
  public Expr leaf(Parameter p) {
    return g.leaf(p.name, p.perChannel ? Space.CHANNEL : Space.NUMBER);
  }

  /// A parameter's place among [#parameters()]; -1 for what is none.
  public int index(Expr node) {
    for (int i = 0; i < parameters.size() && node instanceof Leaf leaf; i++) {
      if (parameters.get(i).name.equals(leaf.name())) {
        return i;
      }
    }
    return -1;
  }

  /// The width's node.
  public Expr width() {
    return g.width();
  }

  /// What varies over elements, in the order of a kernel's arguments: `x`, and `u` of a formula of two.
  public List<String> inputs() {
    return inputs;
  }

  /// What backward finds in the inputs' places: themselves, or dy/dx and dy/du where forward keeps those.
  public List<String> saved() {
    return saved;
  }

  /// What forward writes: `y`, and the slopes that it keeps.
  public List<String> outputNames() {
    return outputNames;
  }

  /// Whether backward reads an input itself.
  public boolean reads(String input) {
    return Expr.nodes(gradients).contains(point(input));
  }

  /// In the order of a kernel's arguments, after the inputs: weight, those that were given, bias; of weight and bias what the formula uses.
  public List<Parameter> parameters() {
    return parameters;
  }

  /// Whether it has a parameter of this name.
  public boolean has(String name) {
    return parameters.stream().anyMatch(p -> p.name().equals(name));
  }

  /// Forms that were rewritten to functions whose slopes lose no digits, a line each.
  public List<String> rewrites() {
    return rewrites;
  }

  /// What forward computes: y, and the slopes that it keeps; expanded.
  public List<Expr> outputs() {
    return expanded(results());
  }

  /// What backward computes, from dy and [#saved]: the gradients of the inputs and of each parameter; expanded.
  public List<Expr> gradients() {
    return expanded(gradients);
  }

  private List<Expr> results() {
    List<Expr> all = new ArrayList<>(List.of(y));
    all.addAll(slopes);
    return all;
  }

  private List<Expr> expanded(List<Expr> roots) {
    List<Expr> result = new ArrayList<>();
    for (Expr root : roots) {
      result.add(Lowering.expand(g, root));
    }
    return result;
  }

  /// Plans for kernels of both directions.
  ///
  /// @param forward   elements: y, and the slopes that backward wants
  /// @param kept      values of rows that forward leaves for backward
  /// @param gradients lowered, of the inputs and of each parameter
  /// @param added     those of the inputs, each added to its stream, `dx` or `du`
  public record Kernels(Plan forward, List<Expr> kept, List<Expr> gradients, List<Expr> added) {

    /// Some of the gradients.
    ///
    /// @param elements those of inputs
    /// @param others   those of parameters
    public Plan backward(List<Expr> elements, List<Expr> others) {
      return Plan.of(elements, others, kept);
    }
  }

  /// Plans for kernels.
  ///
  /// @param machine whether for machine code, else for a language with tanh and exp
  public Kernels kernels(boolean machine) {
    Plan forward = Plan.of(Lowering.lower(g, results(), machine), List.of(), List.of());
    List<Expr> lowered = Lowering.lower(g, gradients, machine);
    int points = inputs.size();
    Plan backward = Plan.of(lowered.subList(0, points), lowered.subList(points, lowered.size()), forward.slots());
    List<Expr> added = IntStream.range(0, points).mapToObj(i -> g.add(point("d" + inputs.get(i)), lowered.get(i)))
        .toList();
    return new Kernels(forward, backward.kept(), lowered, added);
  }

  /// Whether a division by a number or a vector divides by 0.
  ///
  /// @param at values of the parameters by name
  /// @throws IllegalArgumentException if so, with the denominator
  public void check(int width, Map<String, double[]> at) {
    Interpreter interpreter = new Interpreter(1, width, at);
    for (Expr node : Expr.nodes(List.of(y))) {
      if (node instanceof Apply a && a.fn() == Fn.DIV && !a.arg(1).space().rows()) {
        for (double value : interpreter.of(a.arg(1))) {
          if (value == 0) {
            throw new IllegalArgumentException("\"" + key.text + "\" divides by 0 at the start: " + a.arg(1));
          }
        }
      }
    }
  }

  /// Floating-point operations for one element: of y, and of what the gradients need besides.
  public double[] flops() {
    Set<Expr> forward = points(results());
    Set<Expr> backward = points(gradients);
    backward.removeAll(forward);
    return new double[]{ forward.size(), backward.size() };
  }

  private Set<Expr> points(List<Expr> roots) {
    Set<Expr> points = new HashSet<>();
    for (Expr node : Expr.nodes(expanded(roots))) {
      if (node instanceof Apply a && (a.space() == Space.POINT || a.arg(0).space() == Space.POINT)) {
        points.add(node);
      }
    }
    return points;
  }

  /// Values of a row that forward keeps for backward.
  public int statistics() {
    return kernels(false).kept().size();
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof Formula f && identity.equals(f.identity);
  }

  @Override
  public int hashCode() {
    return identity.hashCode();
  }

  @Override
  public String toString() {
    return key.text;
  }
}
