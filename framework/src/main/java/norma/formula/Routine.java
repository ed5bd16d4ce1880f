package norma.formula;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import norma.formula.Expr.Leaf;
import norma.formula.Expr.Space;

/// What a kernel of Norma's own does to rows of several arrays: lines of formulas, one after the other; a semicolon ends one too.
///
///     elements x y            read and written, element by element (R, C)
///     strided  part           the same, but rows lie as far apart as the caller says
///     gathered table          the same, but each row lies where the caller says
///     channels sum            a vector (C), which every row may change
///     rows     most           written, a number for each row (R)
///     numbers  scale          given
///     most = largest(x)       a name that is none of these stands for its formula
///     y = scale * (x - most)
///     sum = sum + y
///
/// An element is written when its line's value is known: later lines may use what was assigned, not what was there before.
public final class Routine {
  private final String text;
  private final Graph g = new Graph();
  private final List<String> operands = new ArrayList<>();
  private final List<String> numbers = new ArrayList<>();
  private final Map<String, Expr> names = new HashMap<>();
  private final Map<String, Expr> written = new LinkedHashMap<>();
  private final Set<String> rows = new LinkedHashSet<>();
  private final Map<String, String> kinds = new HashMap<>();
  private final List<String> outputs = new ArrayList<>();
  private final List<Expr> stored;
  private final Plan plan;

  private Routine(String text) {
    this.text = text;
    List.of(text.split("[;\n]")).forEach(this::line);
    List<Expr> elements = new ArrayList<>();
    List<Expr> left = new ArrayList<>();
    written.forEach((name, value) -> (rows.contains(name) ? left : elements).add(value));
    List<Expr> all = new ArrayList<>(elements);
    all.addAll(left);
    List<Expr> lowered = Lowering.lower(g, all, true);
    stored = lowered.subList(elements.size(), lowered.size());
    plan = Plan.of(lowered.subList(0, elements.size()), stored, List.of());
    if (!plan.channels().stream().allMatch(Leaf.class::isInstance)) {
      throw new IllegalArgumentException("a vector is computed from others, which rows do not: " + text);
    }
    for (String name : written.keySet()) {
      if (!rows.contains(name)) {
        outputs.add(stream(name));
      }
    }
  }

  /// @param text its lines
  /// @throws IllegalArgumentException if one is wrong
  public static Routine of(String text) {
    return new Routine(text);
  }

  private void line(String line) {
    int assignment = line.indexOf('=');
    if (assignment >= 0) {
      String name = line.substring(0, assignment).strip();
      Expr value = Parser.line(g, line.substring(assignment + 1), names);
      names.put(name, value);
      if (operands.contains(name)) {
        written.put(name, value);
      }
      return;
    }
    String[] words = line.strip().split(" +");
    for (String name : List.of(words).subList(1, words.length)) {
      switch (words[0]) {
        case "elements", "strided", "gathered" -> names.put(name, g.leaf(name, Space.POINT));
        case "channels" -> names.put(name, g.leaf(name, Space.CHANNEL));
        case "rows" -> rows.add(name);
        case "numbers" -> names.put(name, g.leaf(name, Space.NUMBER));
        default -> throw new IllegalArgumentException("neither operands nor an assignment: " + line);
      }
      (words[0].equals("numbers") ? numbers : operands).add(name);
      kinds.put(name, words[0]);
    }
  }

  /// What a kernel does.
  public Plan plan() {
    return plan;
  }

  /// Arrays in the order of their names.
  public List<String> operands() {
    return operands;
  }

  /// The stream of an operand: its name if it has elements, else a kind with a number.
  public String stream(String operand) {
    if (rows.contains(operand)) {
      return "stored" + List.copyOf(written.keySet()).stream().filter(rows::contains).toList().indexOf(operand);
    }
    int channel = plan.channels().indexOf(g.leaf(operand, Space.CHANNEL));
    return channel < 0 ? operand : "channel" + channel;
  }

  /// The word that declares each name: `elements`, `strided`, `gathered`, `channels`, `rows` or `numbers`.
  public Map<String, String> kinds() {
    return kinds;
  }

  /// The plan's numbers.
  ///
  /// @param given in the order of their names
  public double[] numbers(double[] given) {
    Map<String, double[]> values = new HashMap<>();
    for (int i = 0; i < given.length; i++) {
      values.put(numbers.get(i), new double[]{ given[i] });
    }
    Interpreter caller = new Interpreter(1, 1, values);
    return plan.numbers().stream().mapToDouble(number -> caller.of(number)[0]).toArray();
  }

  /// Streams that the plan's elements are written to.
  public List<String> outputs() {
    return outputs;
  }

  /// Values of rows to leave.
  public List<Expr> stored() {
    return stored;
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof Routine r && text.equals(r.text);
  }

  @Override
  public int hashCode() {
    return text.hashCode();
  }

  @Override
  public String toString() {
    return text;
  }
}
