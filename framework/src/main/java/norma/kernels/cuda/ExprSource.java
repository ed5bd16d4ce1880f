package norma.kernels.cuda;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import norma.formula.Expr;
import norma.formula.Expr.Apply;
import norma.formula.Expr.Leaf;
import norma.formula.Expr.Num;
import norma.formula.Expr.Space;
import norma.formula.Fn;
import norma.formula.Formula;
import norma.formula.Formula.Parameter;

/// Prints values of expressions as CUDA C++, a line each. What is known already goes by its name.
final class ExprSource {
  private final Formula formula;
  private final StringBuilder out = new StringBuilder();
  private int names;

  ExprSource(Formula formula) {
    this.formula = formula;
  }

  void line(String text) {
    out.append(text).append('\n');
  }

  /// A name that was not there before.
  String name(String kind) {
    return kind + names++;
  }

  @Override
  public String toString() {
    return out.toString();
  }

  /// `const float* p0, ...`.
  String parameters() {
    StringBuilder list = new StringBuilder();
    for (int i = 0; i < formula.parameters().size(); i++) {
      list.append("const float* p").append(i).append(", ");
    }
    return list.toString();
  }

  void parameters(Map<Expr, String> known) {
    for (int i = 0; i < formula.parameters().size(); i++) {
      Parameter p = formula.parameters().get(i);
      if (!p.perChannel()) {
        known.put(formula.leaf(p), "p" + i + "[0]");
      }
    }
    known.put(formula.width(), "(float)WIDTH");
  }

  /// A number's value, a statistic of vectors too, by every warp.
  String number(Expr e, Map<Expr, String> known) {
    if (e instanceof Apply a && !known.containsKey(e) && a.fn().statistic()) {
      inner(a.arg(0), known);
      String name = name("n");
      line("  float " + name + " = 0;");
      line("  for (int c = lane; c < WIDTH; c += WARP) {");
      Map<Expr, String> element = new HashMap<>(known);
      vectors(element);
      accumulate(a.fn(), name, value(a.arg(0), element, "    "), "    ");
      line("  }");
      line("  " + name + " = " + (a.fn() == Fn.SUM ? "Warp::sum(" : "Warp::max(") + name + ");");
      known.put(e, name);
    } else if (e instanceof Apply a && !known.containsKey(e)) {
      a.args().forEach(arg -> number(arg, known));
    }
    return value(e, known, "  ");
  }

  /// Numbers inside of what varies over channels.
  void inner(Expr e, Map<Expr, String> known) {
    Expr.nodes(List.of(e), a -> a.space() == Space.CHANNEL && a.fn() != Fn.ROWS).stream()
        .filter(node -> node.space() == Space.NUMBER).forEach(node -> number(node, known));
  }

  void accumulate(Fn fn, String to, String value, String indent) {
    line(indent + to + (fn == Fn.SUM ? " += " + value : " = fmaxf(" + to + ", fabsf(" + value + "))") + ";");
  }

  /// Elements c of vectors.
  void vectors(Map<Expr, String> known) {
    for (int i = 0; i < formula.parameters().size(); i++) {
      if (formula.parameters().get(i).perChannel()) {
        known.put(formula.leaf(formula.parameters().get(i)), "p" + i + "[c]");
      }
    }
  }

  /// Inputs and vectors that values are made of.
  static List<Leaf> leaves(List<Expr> roots) {
    return Expr.nodes(roots, a -> a.space().channels()).stream().filter(e -> e.space().channels())
        .filter(Leaf.class::isInstance).map(Leaf.class::cast).toList();
  }

  /// The name of a value, which is computed where it is not known.
  String value(Expr e, Map<Expr, String> known, String indent) {
    String name = known.get(e);
    if (name != null) {
      return name;
    }
    if (e instanceof Num n) {
      return literal(n.value());
    }
    if (!(e instanceof Apply a)) {
      throw new IllegalStateException("no value of " + e);
    }
    String u = value(a.arg(0), known, indent);
    String v = value(a.args().getLast(), known, indent);
    String text = switch (a.fn()) {
      case ADD -> u + " + " + v;
      case SUB -> u + " - " + v;
      case MUL -> u + " * " + v;
      case DIV -> u + " / " + v;
      case NEG -> "-" + u;
      case POW -> "powf(" + u + ", " + v + ")";
      case SQRT -> "sqrtf(" + u + ")";
      case ABS -> "fabsf(" + u + ")";
      case SIGN -> u + " > 0 ? 1.0f : " + u + " < 0 ? -1.0f : " + u + " * 0.0f"; // NaN stays
      case STEP -> u + " > 0 ? 1.0f : 0.0f";
      case MAX -> v + " > " + u + " ? " + v + " : " + u;
      case MIN -> v + " < " + u + " ? " + v + " : " + u;
      case EXP -> "exp_of(" + u + ")";
      case LOG -> "logf(" + u + ")";
      case SIN -> "sinf(" + u + ")";
      case COS -> "cosf(" + u + ")";
      case ATAN -> "atanf(" + u + ")";
      case TANH -> "tanh_of(" + u + ")";
      case ERF -> "erf_of(" + u + ")";
      default -> throw new IllegalStateException("nothing to print for " + a.fn());
    };
    String result = name("v");
    line(indent + "const float " + result + " = " + text + ";");
    known.put(e, result);
    return result;
  }

  private static String literal(double value) {
    float f = (float) value;
    return Float.isFinite(f)
        ? (f < 0 ? "(" : "") + Float.toHexString(f) + "f" + (f < 0 ? ")" : "")
        : "__int_as_float(0x" + Integer.toHexString(Float.floatToRawIntBits(f)) + ")";
  }
}
