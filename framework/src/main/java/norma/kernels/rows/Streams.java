package norma.kernels.rows;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import norma.formula.Expr;
import norma.formula.Expr.Leaf;
import norma.formula.Expr.Space;
import norma.formula.Plan;
import norma.formula.Plan.Sink;

/// The memory that a plan reads and writes, numbered. Of elements: inputs and outputs by their names. Of every row the same: `channel0`
/// and so on, `sum0` and so on. A number for each row: `kept0`, `stored0`, `total0` and so on.
final class Streams {
  private final Map<String, Integer> numbers = new LinkedHashMap<>();
  private final List<Kind> kinds = new ArrayList<>();
  private final Map<String, String> declared;

  enum Kind {
    ELEMENTS, STRIDED, GATHERED, EVERY_ROW, ROWS
  }

  /// @param first    names to number first
  /// @param declared the words that declare a routine's names, [norma.formula.Routine#kinds]; empty for a formula
  /// @param stored   how many values of rows are left for another kernel
  /// @param outputs  names of streams that the plan's outputs are written to
  Streams(Plan plan, List<String> first, Map<String, String> declared, int stored, List<String> outputs) {
    this.declared = declared;
    first.forEach(this::add);
    outputs.forEach(this::add);
    for (Expr node : Expr
        .nodes(plan.passes().stream().flatMap(pass -> pass.sinks().stream()).map(Sink::value).toList())) {
      if (node instanceof Leaf leaf && leaf.space() == Space.POINT) {
        add(leaf.name());
      }
    }
    add("channel", plan.channels().size());
    add("sum", plan.sums().size());
    add("kept", plan.kept().size());
    add("stored", stored);
    add("total", plan.totals().size());
  }

  private void add(String kind, int count) {
    for (int i = 0; i < count; i++) {
      add(kind + i);
    }
  }

  private void add(String name) {
    if (numbers.putIfAbsent(name, kinds.size()) == null) {
      kinds.add(name.matches("(channel|sum)\\d+")
          ? Kind.EVERY_ROW
          : name.matches("(kept|stored|total)\\d+") ? Kind.ROWS : switch (declared.getOrDefault(name, "")) {
            case "strided" -> Kind.STRIDED;
            case "gathered" -> Kind.GATHERED;
            default -> Kind.ELEMENTS;
          });
    }
  }

  Set<String> names() {
    return numbers.keySet();
  }

  /// The number of a stream; -1 if there is none of this name.
  int of(String name) {
    return numbers.getOrDefault(name, -1);
  }

  int count() {
    return kinds.size();
  }

  Kind kind(int stream) {
    return kinds.get(stream);
  }
}
