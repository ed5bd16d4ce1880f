package norma.formula;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import norma.formula.Expr.Apply;
import norma.formula.Expr.Space;
import org.jspecify.annotations.Nullable;

/// Known forms whose slopes by the chain rule lose all digits for large x become the functions whose slopes do not:
/// `x / (1 + |a x|)`, `x / sqrt(b + a x^2)`, `1 / (1 + exp(-x))`, with any factors.
final class Rewriter {
  /// Beyond, products stay together: a square of squares has twice as many factors with each.
  private static final int MOST_FACTORS = 64;

  private final Graph g;
  private final List<String> notes;
  private final Map<Expr, Expr> done = new HashMap<>();

  /// @param notes receives a line for each form
  Rewriter(Graph g, List<String> notes) {
    this.g = g;
    this.notes = notes;
  }

  Expr rewrite(Expr e) {
    if (!(e instanceof Apply a)) {
      return e;
    }
    Expr known = done.get(e);
    if (known != null) {
      return known;
    }
    List<Expr> args = new ArrayList<>();
    for (Expr arg : a.args()) {
      args.add(rewrite(arg));
    }
    Expr plain = g.apply(a.fn(), args);
    Expr better = plain instanceof Apply p && p.fn() == Fn.DIV ? quotient(p.arg(0), p.arg(1)) : null;
    if (better != null) {
      notes.add(plain + " is computed as " + better);
    }
    Expr result = better == null ? plain : better;
    done.put(e, result);
    return result;
  }

  private @Nullable Expr quotient(Expr above, Expr below) {
    Expr radicand = below instanceof Apply r && (r.fn() == Fn.SQRT || (r.fn() == Fn.POW && Graph.is(r.arg(1), 0.5)))
        ? r.arg(0)
        : null;
    if (!((radicand == null ? below : radicand) instanceof Apply sum) || sum.fn() != Fn.ADD) {
      return null;
    }
    for (int i = 0; i < 2; i++) {
      Expr rest = sum.arg(i);
      if (rest.space() != Space.POINT && sum.arg(1 - i) instanceof Apply part) {
        if (radicand != null) {
          Expr root = over(Fn.OVERROOT, above, part, rest, 2);
          if (root != null) {
            return root;
          }
        } else if (part.fn() == Fn.ABS) {
          return over(Fn.OVERABS, above, part.arg(0), rest, 1);
        } else if (part.fn() == Fn.EXP && Graph.is(rest, 1)) {
          return g.mul(above, g.apply(Fn.SIGMOID, g.neg(part.arg(0))));
        }
      }
    }
    return null;
  }

  /// `above / (rest + |part|)` or `above / sqrt(rest + part)`: the factors that above and part share, part with a power, are u.
  private @Nullable Expr over(Fn fn, Expr above, Expr part, Expr rest, int power) {
    List<Expr> factors = new ArrayList<>();
    List<Expr> others = new ArrayList<>();
    factors(part, others);
    factors(above, factors);
    Expr u = null;
    Expr factor = g.num(1);
    for (Expr f : factors) {
      if (f.space() == Space.POINT && Collections.frequency(others, f) >= power) {
        for (int i = 0; i < power; i++) {
          others.remove(f);
        }
        u = u == null ? f : g.mul(u, f);
      } else {
        factor = g.mul(factor, f);
      }
    }
    if (u == null) {
      return null;
    }
    Expr v = g.num(1);
    for (Expr other : others) {
      v = g.mul(v, other);
    }
    return v.space() == Space.POINT ? null : g.mul(factor, g.apply(fn, u, v, rest));
  }

  private void factors(Expr e, List<Expr> into) {
    if (e instanceof Apply a && a.fn() == Fn.MUL && into.size() < MOST_FACTORS) {
      factors(a.arg(0), into);
      factors(a.arg(1), into);
    } else if (e instanceof Apply a && a.fn() == Fn.NEG) {
      into.add(g.num(-1));
      factors(a.arg(0), into);
    } else {
      into.add(e);
    }
  }
}
