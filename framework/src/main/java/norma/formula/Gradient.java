package norma.formula;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import norma.formula.Expr.Apply;
import norma.formula.Expr.Leaf;
import norma.formula.Expr.Space;

/// The chain rule: formulas for the gradients of a formula, from the table's slopes. Never the algebra of the expanded formula, which
/// cancels: `x / sqrt(b + x^2)` would become `1/r - x^2/r^3`.
final class Gradient {
  private Gradient() {}

  /// @return the gradient of `sum(dy y)` by every leaf but the width, in the leaf's own space
  static Map<Leaf, Expr> of(Graph g, Expr y) {
    Map<Expr, Expr> adjoints = new HashMap<>();
    adjoints.put(y, g.leaf("dy", Space.POINT));
    Map<Leaf, Expr> gradients = new LinkedHashMap<>();
    for (Expr node : Expr.nodes(List.of(y)).reversed()) {
      Expr adjoint = adjoints.get(node);
      if (node instanceof Leaf leaf && !leaf.name().equals("width")) {
        gradients.put(leaf, adjoint == null ? g.num(0) : adjoint);
      } else if (node instanceof Apply a && adjoint != null) {
        for (int i = 0; i < a.args().size(); i++) {
          Expr arg = a.arg(i);
          Expr part = arg instanceof Expr.Num ? arg : g.mul(adjoint, a.fn().slope(g, a, a.args(), i));
          if (!(arg instanceof Expr.Num) && !Graph.is(part, 0)) {
            Space over = a.fn().statistic() && i == 0 ? Space.of(a.space().rows(), true) : a.space();
            Expr sum = collect(g, part, over, arg.space());
            Expr present = adjoints.get(arg);
            adjoints.put(arg, present == null ? sum : g.add(present, sum));
          }
        }
      }
    }
    return gradients;
  }

  /// The adjoint of an argument that varies over less than its function. What does not vary over the channels, but stands for all of
  /// them, counts once for each.
  private static Expr collect(Graph g, Expr part, Space over, Space target) {
    Space lost = over.without(target);
    Expr e = part;
    if (lost.channels()) {
      e = e.space().channels() ? g.apply(Fn.SUM, e) : g.mul(e, g.width());
    }
    return lost.rows() ? g.apply(Fn.ROWS, e) : e;
  }
}
