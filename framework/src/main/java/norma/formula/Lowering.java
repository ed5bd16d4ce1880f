package norma.formula;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import norma.formula.Expr.Apply;
import norma.formula.Expr.Space;

/// From the language's functions to what a kernel computes: composites are written out, products are sorted by what their factors vary
/// over (an element is multiplied once and a row divided once), and for machine code functions of elements and of rows become polynomials.
final class Lowering {
  /// 1.5 * 2^23: adding it to a float32 number rounds that to an integer, in the lowest bits.
  static final double ROUND = 12_582_912;

  /// Powers of e below are nothing beside 1.
  private static final double LEAST_BESIDE_1 = -35;
  /// The least power of e that has all bits of float32, for its reciprocal.
  private static final double LEAST_EXPONENT = -87;

  /// Beyond, products stay together: a square of squares has twice as many factors with each.
  private static final int MOST_OPENED = 32;

  private final Graph g;
  private final boolean machine;
  private final Map<Expr, Expr> expanded = new HashMap<>();
  private final Map<Expr, Expr> sorted = new HashMap<>();
  private final Map<Expr, Expr> fused = new HashMap<>();
  private final Map<Expr, Sign> signs = new HashMap<>(); // of each node once: a power has its base twice
  private Map<Expr, Integer> uses = Map.of();
  private int opened; // of the product that is sorted

  private Lowering(Graph g, boolean machine) {
    this.g = g;
    this.machine = machine;
  }

  /// @param machine whether for machine code, which has neither tanh nor exp
  static List<Expr> lower(Graph g, List<Expr> outputs, boolean machine) {
    Lowering l = new Lowering(g, machine);
    List<Expr> result = new ArrayList<>();
    for (Expr e : outputs) {
      result.add(l.expand(e));
    }
    l.uses = uses(result);
    result.replaceAll(l::sort);
    if (machine) {
      l.uses = uses(result);
      result.replaceAll(l::fuse);
    }
    return result;
  }

  /// The same formula in the functions that have no definition.
  static Expr expand(Graph g, Expr e) {
    return new Lowering(g, false).expand(e);
  }

  static Map<Expr, Integer> uses(List<Expr> roots) {
    Map<Expr, Integer> uses = new HashMap<>();
    roots.forEach(root -> uses.merge(root, 1, Integer::sum));
    for (Expr node : Expr.nodes(roots)) {
      if (node instanceof Apply a) {
        a.args().forEach(arg -> uses.merge(arg, 1, Integer::sum));
      }
    }
    return uses;
  }

  private Expr expand(Expr e) {
    if (!(e instanceof Apply a)) {
      return e;
    }
    Expr done = expanded.get(e);
    if (done == null) {
      Expr definition = a.fn().definition(g, a.args());
      done = definition != null ? expand(definition) : function(g.apply(a.fn(), all(a.args(), 0)));
      expanded.put(e, done);
    }
    return done;
  }

  /// Arguments after step 0 (expand), 1 (sort) or 2 (fuse). No lambda and no stream: deep formulas would need more stack than there is.
  private List<Expr> all(List<Expr> args, int step) {
    List<Expr> result = new ArrayList<>(args.size());
    for (Expr arg : args) {
      result.add(step == 0 ? expand(arg) : step == 1 ? sort(arg) : fuse(arg));
    }
    return result;
  }

  private Expr function(Expr e) {
    if (!(e instanceof Apply a)) {
      return e;
    }
    if (a.fn() == Fn.POW) {
      return machine || integer(a.arg(1)) ? power(a.arg(0), ((Expr.Num) a.arg(1)).value()) : a;
    }
    if (!machine || !a.space().rows()) {
      return a;
    }
    return switch (a.fn()) {
      case TANH -> tanh(a.arg(0));
      case ERF -> erf(a.arg(0));
      case EXP -> exp(a.arg(0), LEAST_BESIDE_1);
      case LOG -> log(a.arg(0));
      case SIN -> sin(a.arg(0), 0);
      case COS -> sin(a.arg(0), 0.5);
      case ATAN -> atan(a.arg(0));
      case MAXABS -> g.apply(Fn.LARGEST, g.apply(Fn.ABS, a.arg(0)));
      case DIV -> a.arg(1) instanceof Apply root && root.fn() == Fn.SQRT && root.space() == Space.POINT
          && sign(root.arg(0)) == Sign.PLUS ? g.mul(a.arg(0), inverseRoot(root.arg(0))) : a;
      default -> a;
    };
  }

  private static boolean integer(Expr n) {
    return n instanceof Expr.Num v && 2 * v.value() == Math.rint(2 * v.value()) && Math.abs(v.value()) <= 64;
  }

  private Expr power(Expr u, double n) {
    return n < 0 // a reciprocal needs what is nothing beside 1
        ? function(g.div(g.num(1), power(u, -n, LEAST_EXPONENT)))
        : power(u, n, LEAST_BESIDE_1);
  }

  /// @param n     0 or more
  /// @param least power of e that is not 0
  private Expr power(Expr u, double n, double least) {
    if (n == 0.5) {
      return g.apply(Fn.SQRT, u);
    }
    if (n == Math.rint(n) && n <= Integer.MAX_VALUE) {
      int k = (int) n;
      if (k < 2) {
        return k == 0 ? g.num(1) : u;
      }
      Expr half = power(u, k >> 1, least);
      return k % 2 == 0 ? g.mul(half, half) : g.mul(g.mul(half, half), u);
    }
    if (2 * n == Math.rint(2 * n) && n <= 64) {
      return g.mul(power(u, n - 0.5, least), g.apply(Fn.SQRT, u));
    }
    Expr log = g.mul(g.num(n), function(g.apply(Fn.LOG, u)));
    return log.space().rows() ? exp(log, least) : g.apply(Fn.EXP, log);
  }

  // tanh x = x P(x^2) / Q(x^2), cut off at 1, which it exceeds at 9.5: slopes of saturated channels are exactly 0. Coefficients: least
  // relative error, fitted by reweighted least squares on [0, 9]; relative error 2.5e-7 in float32 (2026-11-22).
  private Expr tanh(Expr any) {
    Expr x = within(any, 9.5);
    Expr s = g.mul(x, x);
    Expr p = polynomial(s, 1.335_341_2e-8, 2.060_818_4e-5, 0.003_495_534_4, 0.133_809_8, 1);
    Expr q = polynomial(s, 7.776_046_7e-7, 3.285_546_3e-4, 0.025_876_78, 0.467_142_97, 1);
    return within(g.div(g.mul(x, p), q), 1);
  }

  // erf x = x P(x^2) / Q(x^2) for |x| <= 4, fitted like tanh; relative error 3.5e-7 in float32.
  private Expr erf(Expr any) {
    Expr x = within(any, 4);
    Expr s = g.mul(x, x);
    Expr p = polynomial(s, 1.986_686_1e-6, 2.845_416_6e-4, 0.003_882_862_2, 0.053_100_236, 0.193_535_79,
        1.128_379_1);
    Expr q = polynomial(s, 3.741_789e-5, 0.001_185_428_7, 0.015_206_303, 0.115_345_91, 0.504_849_2, 1);
    return g.div(g.mul(x, p), q);
  }

  // exp x = 2^n exp r, n = round(x / ln 2), |r| <= ln 2 / 2; ln 2 in two parts (Cody and Waite, 1980), exp r by its Taylor polynomial of
  // degree 6, relative error 2e-7. Below the least exponent the result is 0: of -35, that is not 6e-16 and less, since products of
  // such numbers soon are below the normal ones, and each of those costs 100 cycles.
  private Expr exp(Expr any, double least) {
    Expr x = g.apply(Fn.MAX, g.apply(Fn.MIN, any, g.num(88)), g.num(least));
    Expr shifted = fma(x, 1.442_695, g.num(ROUND));
    Expr n = g.sub(shifted, g.num(ROUND));
    Expr r = fma(n, 2.121_944_4e-4, fma(n, -0.693_359_4, x));
    Expr p = polynomial(r, 1 / 720.0, 1 / 120.0, 1 / 24.0, 1 / 6.0, 0.5, 1, 1);
    return g.apply(Fn.FLUSH, g.apply(Fn.SCALE, p, shifted), any, g.num(least));
  }

  // log u = log m + n ln 2 for u = m 2^n, log(1 + f) = f - f^2/2 + f^3 P(f); coefficients of Cephes' logf (Moshier, 1992), 2 units in
  // the last place. 0 gives -88, numbers below 1e-38 are not exact, and infinity gives 89.
  private Expr log(Expr u) {
    Expr n = g.apply(Fn.EXPONENT, u);
    Expr f = g.sub(g.apply(Fn.MANTISSA, u, n), g.num(1));
    Expr s = g.mul(f, f);
    Expr p = polynomial(f, 7.037_683_6e-2, -1.151_461_03e-1, 1.167_699_874e-1, -1.242_014_085e-1, 1.424_932_279e-1,
        -1.666_805_767e-1, 2.000_071_477e-1, -2.499_999_399e-1, 3.333_333_117e-1);
    Expr low = fma(n, -2.121_944_4e-4, g.mul(g.mul(f, s), p));
    return g.apply(Fn.POSITIVE, u, fma(n, 0.693_359_375, g.add(f, fma(s, -0.5, low))));
  }

  // sin u = (-1)^k sin(u - k pi), cos u = sin(u + pi/2); pi in three parts and coefficients of SLEEF's sinf (Shibata and Petrogalli,
  // 2020), 4 units in the last place up to 100, absolute error 1e-5 at 1e5. Beyond 1e6 the argument counts as 1e6.
  private Expr sin(Expr any, double quarter) {
    Expr u = within(any, 1e6);
    Expr shifted = g.add(fma(u, 1 / Math.PI, g.num(quarter)), g.num(ROUND));
    Expr k = g.sub(g.sub(shifted, g.num(ROUND)), g.num(quarter));
    Expr r = fma(k, -1.984_187_26e-9, fma(k, -1.131_594_18e-4, fma(k, -3.141_479_492_187_5, u)));
    Expr s = g.mul(r, r);
    Expr p = polynomial(s, 2.608_316e-6, -1.981_069_1e-4, 8.333_079e-3, -0.166_666_6);
    return g.apply(Fn.FLIP, g.apply(Fn.FMA, g.mul(s, p), r, r), shifted);
  }

  // atan u for |u| <= 1 as SLEEF's atanf, 3 units in the last place; beyond, pi/2 - atan(1 / u).
  private Expr atan(Expr u) {
    Expr a = g.apply(Fn.ABS, u);
    Expr t = g.div(g.apply(Fn.MIN, a, g.num(1)), g.apply(Fn.MAX, a, g.num(1)));
    Expr s = g.mul(t, t);
    Expr p = polynomial(s, 2.823_638_96e-3, -1.595_690_29e-2, 4.250_498_86e-2, -7.489_009_2e-2,
        0.106_347_933, -0.142_027_363, 0.199_926_957, -0.333_331_019);
    Expr angle = g.apply(Fn.FMA, g.mul(s, p), t, t);
    Expr beyond = g.apply(Fn.STEP, g.sub(a, g.num(1)));
    Expr folded = g.apply(Fn.FMA, beyond, fma(angle, -2, g.num(Math.PI / 2)), angle);
    return g.mul(folded, g.apply(Fn.SIGN, u));
  }

  // 1 / sqrt u = y (1 + e)^(-1/2) for a guess y and e = u y^2 - 1, |e| < 0.0682; coefficients fitted to least relative error, 1e-7 in
  // float32 as a root and a division have, which take a CPU two to four times as long. Below 1.2e-38, where float32 has fewer bits, the
  // guess counts, 9e18 to 4e19, for 0 too; infinity gives infinity.
  private Expr inverseRoot(Expr u) {
    Expr y = g.apply(Fn.ROOTGUESS, u);
    Expr e = g.apply(Fn.FMA, g.mul(u, y), y, g.num(-1));
    Expr p = polynomial(e, 0.274_946_26, -0.313_932_76, 0.374_997_71, -0.499_998_34);
    return g.apply(Fn.FMA, g.mul(y, e), p, y);
  }

  /// What the form of an expanded formula shows of the signs of its values.
  private enum Sign {
    ANY,
    /// None is below 0, but -0 may be among them.
    AT_LEAST_0,
    /// None has the sign of negative numbers.
    PLUS;

    static Sign of(double value) {
      return Double.compare(value, 0) >= 0 ? PLUS : value == 0 ? AT_LEAST_0 : ANY;
    }

    Sign orLess(Sign other) {
      return compareTo(other) < 0 ? this : other;
    }
  }

  private Sign sign(Expr e) {
    if (!(e instanceof Apply a)) {
      return e instanceof Expr.Num n ? Sign.of(n.value()) : Sign.ANY;
    }
    Sign done = signs.get(e);
    if (done == null) {
      done = sign(a);
      signs.put(e, done);
    }
    return done;
  }

  private Sign sign(Apply a) {
    return switch (a.fn()) {
      case ABS, EXP, STEP -> Sign.PLUS;
      case SQRT -> sign(a.arg(0));
      case MUL -> a.arg(0).equals(a.arg(1)) ? Sign.PLUS : sign(a.arg(0)).orLess(sign(a.arg(1)));
      case ADD -> { // -0 + 0 = 0
        Sign left = sign(a.arg(0));
        Sign right = sign(a.arg(1));
        yield left.orLess(right) == Sign.ANY ? Sign.ANY : left == Sign.PLUS ? Sign.PLUS : right;
      }
      case DIV -> sign(a.arg(0)).orLess(sign(a.arg(1))) == Sign.PLUS ? Sign.PLUS : Sign.ANY; // 0 / 0 is NaN
      case MAX -> { // beside NaN the first stays, whatever its sign
        Expr limit = a.arg(0) instanceof Expr.Num ? a.arg(0) : a.arg(1);
        yield !(limit instanceof Expr.Num n) || n.value() < 0
            ? Sign.ANY
            : n.value() > 0 ? Sign.PLUS : Sign.AT_LEAST_0;
      }
      case LOG ->
        a.arg(0) instanceof Apply sum && sum.fn() == Fn.ADD && Graph.is(sum.arg(0), 1)
            && sign(sum.arg(1)) == Sign.PLUS ? Sign.PLUS : Sign.ANY;
      default -> Sign.ANY;
    };
  }

  private Expr fma(Expr a, double factor, Expr c) {
    return g.apply(Fn.FMA, a, g.num(factor), c);
  }

  private Expr within(Expr x, double limit) {
    return g.apply(Fn.MAX, g.apply(Fn.MIN, x, g.num(limit)), g.num(-limit));
  }

  private Expr polynomial(Expr s, double... c) {
    Expr p = g.num(c[0]);
    for (int i = 1; i < c.length; i++) {
      p = g.apply(Fn.FMA, p, s, g.num(c[i]));
    }
    return p;
  }

  // Products.

  private Expr sort(Expr e) {
    if (!(e instanceof Apply a)) {
      return e;
    }
    Expr done = sorted.get(e);
    if (done == null) {
      done = switch (a.fn()) {
        case MUL, DIV, NEG -> product(a);
        case SUM -> sum(sort(a.arg(0)));
        default -> g.apply(a.fn(), all(a.args(), 1));
      };
      sorted.put(e, done);
    }
    return done;
  }

  /// Factors by their spaces, above and below the line.
  private Expr product(Apply root) {
    Expr[] above = { g.num(1), g.num(1), g.num(1), g.num(1) }; // by space
    Expr[] below = above.clone();
    int before = opened;
    opened = 0;
    boolean negative = factors(root, true, false, above, below);
    opened = before;
    Expr[] parts = new Expr[4];
    for (int s = 0; s < 4; s++) {
      parts[s] = g.div(above[s], below[s]);
    }
    Expr number = negative ? g.neg(parts[0]) : parts[0];
    if (root.space() == Space.NUMBER) {
      return number;
    }
    if (!Graph.is(parts[1], 1)) { // the row takes the number
      return g.mul(g.mul(parts[3], parts[2]), g.mul(parts[1], number));
    }
    return Graph.is(parts[2], 1) ? g.mul(parts[3], number) : g.mul(parts[3], g.mul(parts[2], number));
  }

  private boolean factors(Expr e, boolean up, boolean open, Expr[] above, Expr[] below) {
    if (e instanceof Apply a && opened < MOST_OPENED
        && (!open || uses.getOrDefault(e, 0) == 1 || e.space() != Space.POINT)) {
      opened++;
      switch (a.fn()) {
        case NEG -> {
          return !factors(a.arg(0), up, true, above, below);
        }
        case MUL -> {
          return factors(a.arg(0), up, true, above, below) ^ factors(a.arg(1), up, true, above, below);
        }
        case DIV -> {
          return factors(a.arg(0), up, true, above, below) ^ factors(a.arg(1), !up, true, above, below);
        }
        default -> {
          // a factor
        }
      }
    }
    Expr factor = sort(e);
    boolean inverse = !up && factor.space() == Space.ROW; // forward has left 1/std, not its powers
    if (inverse) {
      factor = g.div(g.num(1), factor);
    }
    Expr[] side = up || inverse ? above : below;
    int s = factor.space().index();
    side[s] = g.mul(side[s], factor);
    return false;
  }

  /// Out of a sum goes what does not vary.
  private Expr sum(Expr e) {
    if (e instanceof Apply a && a.fn() == Fn.MUL && !a.arg(1).space().channels()) {
      return g.mul(sum(a.arg(0)), a.arg(1));
    }
    if (e instanceof Apply a && a.fn() == Fn.NEG) {
      return g.neg(sum(a.arg(0)));
    }
    return e.space().channels() ? g.apply(Fn.SUM, e) : g.mul(e, g.width());
  }

  // Multiply and add at once.

  private Expr fuse(Expr e) {
    if (!(e instanceof Apply a)) {
      return e;
    }
    Expr done = fused.get(e);
    if (done == null) {
      done = switch (a.fn()) {
        case ADD -> factor(a.arg(0))
            ? fma(a.arg(0), a.arg(1), false)
            : factor(a.arg(1)) ? fma(a.arg(1), a.arg(0), false) : null;
        case SUB -> factor(a.arg(1)) ? fma(a.arg(1), a.arg(0), true) : null;
        default -> null;
      };
      if (done == null) {
        done = g.apply(a.fn(), all(a.args(), 2));
      }
      fused.put(e, done);
    }
    return done;
  }

  private boolean factor(Expr e) {
    return e instanceof Apply a && a.fn() == Fn.MUL && a.space().rows() && uses.getOrDefault(e, 0) == 1;
  }

  private Expr fma(Expr product, Expr rest, boolean minus) {
    Apply p = (Apply) product;
    Expr a = fuse(p.arg(0));
    Expr b = fuse(p.arg(1));
    if (minus && !b.space().rows()) { // the caller negates it once
      b = g.neg(b);
    } else if (minus) {
      a = g.neg(a);
    }
    return g.apply(Fn.FMA, a, b, fuse(rest));
  }
}
