package norma.train.export;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import norma.formula.Expr;
import norma.formula.Expr.Apply;
import norma.formula.Expr.Leaf;
import norma.formula.Expr.Num;
import norma.formula.Formula;

/// A formula in ONNX: a node or some for each function as it was written.
final class OnnxFormula {
  private static final int CHANNELS = -1; // the last axis

  private final OnnxGraph graph;
  private final String layer;

  private OnnxFormula(OnnxGraph graph, String layer) {
    this.graph = graph;
    this.layer = layer;
  }

  /// @param layer  names the nodes
  /// @param width  C
  /// @param inputs names of x (..., C), of u if there is one, and of the formula's parameters
  /// @return the name of y (..., C)
  static String of(OnnxGraph graph, String layer, Formula formula, int width, List<String> inputs) {
    List<String> names = new ArrayList<>(formula.inputs());
    formula.parameters().forEach(parameter -> names.add(parameter.name()));
    Map<String, String> leaves = new HashMap<>();
    for (int i = 0; i < names.size(); i++) {
      leaves.put(names.get(i), inputs.get(i));
    }
    OnnxFormula printer = new OnnxFormula(graph, layer);
    Map<Expr, String> values = new HashMap<>();
    for (Expr e : Expr.nodes(List.of(formula.written()))) {
      values.put(e, switch (e) {
        case Num number -> graph.number(number.value());
        case Leaf leaf when leaf.name().equals("width") -> graph.number(width);
        case Leaf leaf -> leaves.get(leaf.name());
        case Apply apply -> printer.apply(apply, apply.args().stream().map(values::get).toList());
      });
    }
    return Objects.requireNonNull(values.get(formula.written()));
  }

  private String apply(Apply e, List<String> args) {
    String u = args.getFirst();
    String v = args.getLast();
    return switch (e.fn()) {
      case ADD, SUB, MUL, DIV, NEG, POW, SQRT, ABS, SIGN, MAX, MIN, RELU, EXP, LOG, SIN, COS, ATAN, TANH, ERF, SOFTSIGN,
          SIGMOID, GELU, SOFTPLUS -> {
        String name = e.fn().name();
        yield node(name.charAt(0) + name.substring(1).toLowerCase(Locale.ROOT), args.toArray(String[]::new));
      }
      case CLAMP -> node("Min", node("Max", u, args.get(1)), v);
      case ISRU -> node("Div", u, node("Sqrt", node("Add", square(u), graph.number(1))));
      case SILU -> node("Mul", u, node("Sigmoid", u));
      case SUM -> overChannels("ReduceSum", u);
      case MAXABS -> overChannels("ReduceMax", node("Abs", u));
      case MEAN -> overChannels("ReduceMean", u);
      case VAR -> variance(u);
      case STD -> node("Sqrt", node("Add", variance(u), v));
      case RMS -> node("Sqrt", node("Add", overChannels("ReduceMean", square(u)), v));
      default -> throw new IllegalArgumentException(e.fn() + " is not in the language");
    };
  }

  private String variance(String u) {
    return overChannels("ReduceMean", square(node("Sub", u, overChannels("ReduceMean", u))));
  }

  private String square(String u) {
    return node("Mul", u, u);
  }

  private String overChannels(String type, String u) {
    return node(type, u, graph.counts(CHANNELS));
  }

  private String node(String type, String... inputs) {
    return graph.node(layer, type, inputs);
  }
}
