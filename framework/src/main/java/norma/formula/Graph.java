package norma.formula;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import norma.formula.Expr.Apply;
import norma.formula.Expr.Leaf;
import norma.formula.Expr.Num;
import norma.formula.Expr.Space;
import org.jspecify.annotations.Nullable;

/// Makes expressions: equal ones are the same object, and what is trivial is not made at all.
final class Graph {
  private final Map<Expr, Expr> nodes = new HashMap<>();

  /// The only place that changes something: workers may ask for kernels of one formula at the same time.
  private synchronized Expr unique(Expr node) {
    Expr known = nodes.putIfAbsent(node, node);
    return known == null ? node : known;
  }

  Expr num(double value) {
    return unique(new Num(value + 0.0)); // no negative zero
  }

  Expr leaf(String name, Space space) {
    return unique(new Leaf(name, space));
  }

  Expr width() {
    return leaf("width", Space.NUMBER);
  }

  Expr apply(Fn fn, Expr... args) {
    return apply(fn, List.of(args));
  }

  Expr apply(Fn fn, List<Expr> args) {
    Expr simple = fn.statistic() || fn == Fn.ROWS ? null : simple(fn, args);
    return simple != null ? simple : unique(new Apply(fn, List.copyOf(args), fn.space(args)));
  }

  private @Nullable Expr simple(Fn fn, List<Expr> args) {
    boolean constant = true;
    for (Expr arg : args) {
      constant &= arg instanceof Num;
    }
    Expr a = args.getFirst();
    Expr b = args.getLast();
    if (constant) {
      Expr definition = fn.definition(this, args);
      return definition != null
          ? definition
          : num(fn.value(value(a), value(args.size() > 1 ? args.get(1) : a), value(b)));
    }
    return switch (fn) {
      case ADD -> is(a, 0) ? b : is(b, 0) ? a : b instanceof Apply n && n.fn() == Fn.NEG ? sub(a, n.arg(0)) : null;
      case SUB ->
        is(b, 0) ? a : is(a, 0) ? neg(b) : b instanceof Apply n && n.fn() == Fn.NEG ? add(a, n.arg(0)) : null;
      case MUL -> is(a, 0) || is(b, 0)
          ? num(0)
          : is(a, 1) ? b : is(b, 1) ? a : is(a, -1) ? neg(b) : is(b, -1) ? neg(a) : null;
      case DIV -> is(a, 0) || is(b, 1) ? a : is(b, -1) ? neg(a) : null;
      case NEG -> a instanceof Apply n && n.fn() == Fn.NEG ? n.arg(0) : null;
      case POW -> is(b, 1) ? a : is(b, 2) ? mul(a, a) : is(b, 0) ? num(1) : null;
      default -> null;
    };
  }

  private static double value(Expr e) {
    return ((Num) e).value();
  }

  static boolean is(Expr e, double value) {
    return e instanceof Num n && n.value() == value;
  }

  Expr add(Expr a, Expr b) {
    return apply(Fn.ADD, a, b);
  }

  Expr sub(Expr a, Expr b) {
    return apply(Fn.SUB, a, b);
  }

  Expr mul(Expr a, Expr b) {
    return apply(Fn.MUL, a, b);
  }

  Expr div(Expr a, Expr b) {
    return apply(Fn.DIV, a, b);
  }

  Expr neg(Expr a) {
    return apply(Fn.NEG, a);
  }

  /// An expression with a number in the place of a leaf.
  Expr with(Expr e, Expr leaf, double value) {
    Map<Expr, Expr> changed = new HashMap<>();
    for (Expr node : Expr.nodes(List.of(e))) {
      changed.put(node, node.equals(leaf)
          ? num(value)
          : node instanceof Apply a ? apply(a.fn(), a.args().stream().map(changed::get).toList()) : node);
    }
    return changed.getOrDefault(e, e);
  }
}
