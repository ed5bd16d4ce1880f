package norma.formula;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import norma.formula.Expr.Space;
import org.apache.commons.math3.special.Erf;
import org.jspecify.annotations.Nullable;

/// The table of functions, one row each: what it is in simpler functions (null: a kernel has it), and its slope by each argument, **in a
/// form that loses no digits**. Rows are written in the language itself; `u`, `v`, `w` are the arguments and `y` is the value.
///
/// Slopes at kinks and ties are PyTorch's: 0 for `abs` and `relu` at 0, 1 for `clamp` on its limits, half for each of two equal arguments of
/// `max` and `min`, an equal share for each largest channel of `maxabs`.
public enum Fn {
  /// `u + v`.
  ADD(null, "1", "1"),
  /// `u - v`.
  SUB(null, "1", "-1"),
  /// `u v`.
  MUL(null, "v", "u"),
  /// `u / v`.
  DIV(null, "1 / v", "-y / v"),
  /// `-u`.
  NEG(null, "-1"),
  /// `u^v` with a constant v.
  POW(null, "v * u^(v - 1)", "0"),

  /// Square root.
  SQRT(null, "0.5 / y"),
  /// Magnitude.
  ABS(null, "sign(u)"),
  /// -1, 0 or 1.
  SIGN(null, "0"),
  /// The larger one.
  MAX(null, "0.5 + 0.5 * sign(u - v)", "0.5 - 0.5 * sign(u - v)"),
  /// The smaller one.
  MIN(null, "0.5 - 0.5 * sign(u - v)", "0.5 + 0.5 * sign(u - v)"),
  /// u, but not below v and not above w.
  CLAMP("min(max(u, v), w)", "(1 - step(v - u)) * (1 - step(u - w))", "step(v - u) * (1 - step(v - w))",
      "step(max(u, v) - w)"),
  /// Rectified linear unit.
  RELU("max(u, 0)", "step(u)"),
  /// Exponential function.
  EXP(null, "y"),
  /// Natural logarithm.
  LOG(null, "1 / u"),
  /// Sine.
  SIN(null, "cos(u)"),
  /// Cosine.
  COS(null, "-sin(u)"),
  /// Arc tangent.
  ATAN(null, "1 / (1 + u * u)"),
  /// Hyperbolic tangent.
  TANH(null, "1 - y * y"),
  /// Error function.
  ERF(null, "1.1283791670955126 * exp(-(u * u))"),
  /// `u / sqrt(1 + u^2)`.
  ISRU("u * (1 / sqrt(1 + u * u))", "(1 / sqrt(1 + u * u))^3"),
  /// `u / (1 + |u|)`.
  SOFTSIGN("u * (1 / (1 + abs(u)))", "(1 / (1 + abs(u)))^2"),
  /// Logistic function.
  SIGMOID("1 / (1 + exp(-u))", "y * sigmoid(-u)"),
  /// `u sigmoid(u)` (arXiv:1606.08415).
  SILU("u * sigmoid(u)", "sigmoid(u) * (1 + u * sigmoid(-u))"),
  /// Exact GELU, u times the normal distribution's function (arXiv:1606.08415).
  GELU("u * phi(u)", "phi(u) + u * (0.3989422804014327 * exp(-0.5 * (u * u)))"),
  /// `log(1 + exp(u))`.
  SOFTPLUS("max(u, 0) + log(1 + exp(-abs(u)))", "sigmoid(u)"),

  // Statistics over the channels: the first argument varies over them, the value does not.
  /// Sum.
  SUM(null, "1"),
  /// Largest magnitude.
  MAXABS(null, "sign(u) * (1 - step(y - abs(u))) / sum(1 - step(y - abs(u)))"),
  /// Mean.
  MEAN("sum(u) / width", "1 / width"),
  /// Population variance.
  VAR("mean((u - mean(u))^2)", "2 * (u - mean(u)) / width"),
  /// `sqrt(var(u) + v)`.
  STD("sqrt(var(u) + v)", "(u - mean(u)) / (width * y)", "0.5 / y"),
  /// `sqrt(mean(u^2) + v)`.
  RMS("sqrt(mean(u * u) + v)", "u / (width * y)", "0.5 / y"),

  // Not in the language: what known forms are rewritten to, and what comes with gradients.
  /// 1 above 0, else 0.
  STEP(null, "0"),
  /// The normal distribution's function.
  PHI("0.5 + 0.5 * erf(0.7071067811865476 * u)", "0.3989422804014327 * exp(-0.5 * (u * u))"),
  /// `u / sqrt(w + v u^2)`.
  OVERROOT("u * (1 / sqrt(w + v * (u * u)))", "w * (1 / sqrt(w + v * (u * u)))^3", "-0.5 * y^3",
      "-0.5 * y * (1 / sqrt(w + v * (u * u)))^2"),
  /// `u / (w + |v u|)`.
  OVERABS("u * (1 / (w + abs(v * u)))", "w * (1 / (w + abs(v * u)))^2",
      "-y * (abs(u) * (1 / (w + abs(v * u)))) * sign(v)",
      "-y * (1 / (w + abs(v * u)))"),
  /// The sum over rows.
  ROWS(null, "1"),

  // What kernels of the CPU compute functions with; see Lowering.
  /// `u v + w`, rounded once.
  FMA(null),
  /// `u 2^n`, for a u near 1 and v = n + 1.5 * 2^23.
  SCALE(null),
  /// The largest channel.
  LARGEST(null, "(1 - step(y - u)) / sum(1 - step(y - u))"),
  /// u, or 0 where v is below the last argument.
  FLUSH(null),
  /// `(-1)^n u`, for v = n + 1.5 * 2^23.
  FLIP(null),
  /// The n of `u = m 2^n` with m between sqrt(1/2) and sqrt(2).
  EXPONENT(null),
  /// The m of the same, for v = n.
  MANTISSA(null),
  /// v, or NaN where u is negative or NaN.
  POSITIVE(null),
  /// 1 / sqrt(u) within 3.5 %, for u > 0: half of the exponent, and a line in place of the root of the rest.
  ROOTGUESS(null);

  /// The bits of float32 that, less half of those of u, are [#ROOTGUESS].
  public static final int ROOT_BITS = 0x5F37_4800;

  /// The bits of float32 of sqrt(1/2), from which a number's [#EXPONENT] counts.
  public static final int SQRT_HALF = Float.floatToRawIntBits(0.707_106_77f);
  private static final Map<String, Fn> NAMED = new TreeMap<>();

  static {
    for (Fn fn : values()) {
      if (fn.compareTo(SQRT) >= 0 && fn.compareTo(RMS) <= 0) {
        NAMED.put(fn.text(), fn);
      }
    }
  }

  private final @Nullable String definition;
  @SuppressWarnings("ImmutableEnumChecker") // List.of is
  private final List<String> slopes;

  Fn(@Nullable String definition, String... slopes) {
    this.definition = definition;
    this.slopes = List.of(slopes);
  }

  /// By the name that a formula uses; null if there is none.
  static @Nullable Fn named(String name) {
    return NAMED.get(name);
  }

  /// All names that a formula may use, sorted.
  static Set<String> names() {
    return NAMED.keySet();
  }

  String text() {
    return this == ROWS ? "sum_over_tokens" : name().toLowerCase(Locale.ROOT);
  }

  /// What a function that is not in the language is in simpler ones, as text of `u`, `v`, `w`; empty for the language's own.
  String meaning() {
    return definition != null && compareTo(RMS) > 0
        ? text() + "(" + String.join(", ", List.of("u", "v", "w").subList(0, arity())) + ") = " + definition
        : "";
  }

  int arity() {
    return slopes.size();
  }

  /// Whether its value does not vary over channels, although its first argument does.
  public boolean statistic() {
    return (compareTo(SUM) >= 0 && compareTo(RMS) <= 0) || this == LARGEST;
  }

  /// Whether it takes more time than a few operations.
  boolean costly() {
    return switch (this) {
      case SQRT, DIV, EXP, LOG, SIN, COS, ATAN, TANH, ERF -> true;
      default -> false;
    };
  }

  /// The value in simpler functions; null if it has none.
  @Nullable
  Expr definition(Graph g, List<Expr> u) {
    return definition == null ? null : Parser.row(g, definition, null, u);
  }

  /// dy/du_i.
  Expr slope(Graph g, Expr y, List<Expr> u, int i) {
    return Parser.row(g, slopes.get(i), y, u);
  }

  /// What the value varies over.
  Space space(List<Expr> args) {
    Space space = Space.NUMBER;
    for (Expr arg : args) {
      space = space.join(arg.space());
    }
    return statistic() ? space.without(Space.CHANNEL) : this == ROWS ? space.without(Space.ROW) : space;
  }

  /// The value for numbers, of functions without a definition; a statistic's over its channels is [Interpreter]'s. For numbers of
  /// float32 it is, rounded to one, what an instruction gives, of [#FMA] almost always; but the sign of NaN is 1 or -1 on the CPU.
  public double value(double u, double v, double w) {
    return switch (this) {
      case ADD -> u + v;
      case SUB -> u - v;
      case MUL -> u * v;
      case DIV -> u / v;
      case NEG -> -u;
      case POW -> Math.pow(u, v);
      case SQRT -> Math.sqrt(u);
      case ABS -> Math.abs(u);
      case SIGN -> Math.signum(u);
      case STEP -> u > 0 ? 1 : 0;
      case MAX -> v > u ? v : u;
      case MIN -> v < u ? v : u;
      case EXP -> Math.exp(u);
      case LOG -> Math.log(u);
      case SIN -> Math.sin(u);
      case COS -> Math.cos(u);
      case ATAN -> Math.atan(u);
      case TANH -> Math.tanh(u);
      case ERF -> Erf.erf(u);
      case FMA -> u * v + w;
      case SCALE -> Math.scalb(u, (int) (v - Lowering.ROUND));
      case FLUSH -> v < w ? 0 : u;
      case FLIP -> (v - Lowering.ROUND) % 2 == 0 ? u : -u;
      case EXPONENT -> (Float.floatToRawIntBits((float) u) - SQRT_HALF) >> 23;
      case MANTISSA -> Math.scalb(u, (int) -v);
      case POSITIVE -> u >= 0 ? v : Double.NaN;
      case ROOTGUESS -> Float.intBitsToFloat(ROOT_BITS - (Float.floatToRawIntBits((float) u) >> 1));
      default -> throw new IllegalArgumentException(text() + " is no function of numbers, or has a definition");
    };
  }
}
