package norma.train.inspect;

import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import norma.formula.Curve;
import norma.formula.Expr;
import norma.formula.Formula;
import norma.formula.Formula.Parameter;
import norma.formula.Interpreter;
import norma.formula.Softplus;
import norma.nn.NormSpec;
import norma.nn.NormTypes;

/// The least-squares fit of an element-wise formula to points: `scale f(x)`, where f's weight is 1 and its bias 0, and its numbers are fitted.
///
/// @param spec         what was fitted
/// @param curve        f with the numbers that fit best
/// @param scale        by which f has the bound that was asked for; fitted too if f has no bound, or one that depends on its numbers
/// @param meanResidual mean of the residuals' magnitudes
/// @param maxResidual  largest of them
public record FormulaFit(NormSpec spec, Curve curve, double scale, double meanResidual, double maxResidual) {
  /// What was published as element-wise functions in the place of LayerNorm (arXiv:2503.10622, arXiv:2503.21708).
  public static final List<NormSpec> PUBLISHED = List.of(NormSpec.of("dyt"), NormSpec.of("dyisru"));

  /// Each number is searched over so many powers of ten around its start, around 1 if that is 0, one after the other.
  private static final int DECADES = 8;
  /// Points that the search sees.
  private static final int SEARCHED = 600;
  private static final int GRID = 8; // a decade
  private static final int STEPS = 200;
  private static final double DAMPING = 1e-3;
  private static final double MOST_DAMPING = 1e15;
  private static final double SAME = 1e-3;

  /// A formula that can be fitted, as a slot would start with it.
  ///
  /// @param slot  its name
  /// @param width C
  /// @throws IllegalArgumentException if it is no formula of x and numbers
  public static Curve target(NormSpec spec, String slot, int width) {
    Curve curve = NormTypes.start(spec, slot, width, false)
        .orElseThrow(() -> new IllegalArgumentException(
            spec.type() + " is no formula; expected one, or a type that is one, to fit to a slot"));
    Formula formula = curve.formula();
    if (!formula.pointwise()) {
      throw new IllegalArgumentException("\"" + formula
          + "\" has statistics of a token; expected an element-wise formula to fit to a slot");
    }
    formula.parameters().stream().filter(p -> p.perChannel() && !isAffine(p)).findFirst().ifPresent(p -> {
      throw new IllegalArgumentException("\"" + formula + "\" has a number " + p.name()
          + " for each channel; expected weight, bias and numbers of the slot to fit to a slot");
    });
    return curve;
  }

  private static boolean isAffine(Parameter parameter) {
    return parameter.name().equals("weight") || parameter.name().equals("bias");
  }

  /// Fits points.
  ///
  /// @param slot  whose the points are
  /// @param width C
  /// @param bound of the function that the points come from
  /// @throws IllegalArgumentException if no x differs from 0, or for what [#target] refuses
  public static FormulaFit of(NormSpec spec, String slot, int width, double bound, double[] x, double[] y) {
    Curve curve = target(spec, slot, width);
    if (Arrays.stream(x).allMatch(v -> v == 0)) {
      throw new IllegalArgumentException("no point away from 0 to fit " + spec.type() + " to");
    }
    double own = fixedBound(curve);
    Points points = new Points(curve, Double.isNaN(own) ? Double.NaN : bound / own, x, y);
    double[] at = points.descended(points.some().searched());
    for (int i = 0; i < points.numbers.size(); i++) {
      curve = curve.with(points.numbers.get(i).name(), at[i]);
    }
    double[] residuals = Arrays.stream(points.residuals(at)).map(Math::abs).toArray();
    return new FormulaFit(spec, curve, points.scale(at), Arrays.stream(residuals).average().orElse(0),
        Arrays.stream(residuals).max().orElse(0));
  }

  /// A curve's bound; NaN if it has none, or another with other numbers.
  private static double fixedBound(Curve curve) {
    double bound = curve.bound();
    boolean fixed = bound > 0 && bound < Double.POSITIVE_INFINITY;
    for (Parameter p : curve.formula().parameters()) {
      if (!p.perChannel()) {
        fixed &= Math.abs(curve.with(p.name(), curve.value(p)[0] + 1).bound() - bound) <= SAME * bound;
      }
    }
    return fixed ? bound : Double.NaN;
  }

  /// What it is called in a configuration.
  public String name() {
    return spec.type();
  }

  /// The numbers that were fitted, in the units of the formula.
  public Map<String, Double> numbers() {
    Map<String, Double> numbers = new LinkedHashMap<>();
    for (Parameter p : curve.formula().parameters()) {
      if (!p.perChannel()) {
        numbers.put(p.name(), p.positive() ? Softplus.of(curve.value(p)[0]) : curve.value(p)[0]);
      }
    }
    return numbers;
  }

  /// The fitted function.
  public double[] at(double... x) {
    return Arrays.stream(curve.at(x)).map(v -> scale * v).toArray();
  }

  /// The points, and a formula in which each has the numbers to itself. What is fitted is the numbers, then the scale where that is free.
  private static final class Points {
    private final Formula formula;
    private final Curve start;
    private final List<Parameter> numbers;
    private final double scale; // NaN if it is fitted
    private final double[] x;
    private final double[] y;
    private final double[] ones;

    Points(Curve start, double scale, double[] x, double[] y) {
      this.start = start;
      this.scale = scale;
      this.x = x;
      this.y = y;
      formula = start.formula().perPoint();
      numbers = start.formula().parameters().stream().filter(p -> !p.perChannel()).toList();
      ones = new double[x.length];
      Arrays.fill(ones, 1);
    }

    /// Few enough of the points to search with.
    Points some() {
      int every = Math.ceilDiv(x.length, SEARCHED);
      int[] chosen = IntStream.iterate(0, i -> i < x.length, i -> i + every).toArray();
      return new Points(start, scale, Arrays.stream(chosen).mapToDouble(i -> x[i]).toArray(),
          Arrays.stream(chosen).mapToDouble(i -> y[i]).toArray());
    }

    private Interpreter interpreter(double[] at) {
      Map<String, double[]> values = new HashMap<>(
          Map.of("x", x, "dy", ones, "weight", ones, "bias", new double[x.length]));
      for (int i = 0; i < numbers.size(); i++) {
        double[] all = new double[x.length];
        Arrays.fill(all, at[i]);
        values.put(numbers.get(i).name(), all);
      }
      Interpreter interpreter = new Interpreter(1, x.length, values);
      interpreter.put(formula.width(), new double[]{ start.width() });
      return interpreter;
    }

    double scale(double[] at) {
      return Double.isNaN(scale) ? at[numbers.size()] : scale;
    }

    private double[] values(double[] at) {
      return interpreter(at).of(formula.outputs().getFirst());
    }

    double[] residuals(double[] at) {
      double[] f = values(at);
      return IntStream.range(0, x.length).mapToDouble(i -> y[i] - scale(at) * f[i]).toArray();
    }

    private double squares(double[] at) {
      return Arrays.stream(residuals(at)).map(r -> r * r).sum();
    }

    /// The numbers with the scale that fits best, where that is free.
    private double[] scaled(double[] at) {
      if (Double.isNaN(scale)) {
        double[] f = values(at);
        double product = IntStream.range(0, x.length).mapToDouble(i -> f[i] * y[i]).sum();
        at[numbers.size()] = product / Arrays.stream(f).map(v -> v * v).sum();
      }
      return at;
    }

    /// The best of a grid, number by number; twice if there are several.
    double[] searched() {
      double[] best = new double[numbers.size() + (Double.isNaN(scale) ? 1 : 0)];
      Arrays.setAll(best, k -> k < numbers.size() ? start.value(numbers.get(k))[0] : 1);
      double least = squares(scaled(best));
      for (int sweep = 0; sweep < Math.min(2, numbers.size()); sweep++) {
        for (int k = 0; k < numbers.size(); k++) {
          double[] at = best.clone();
          for (double candidate : candidates(numbers.get(k))) {
            at[k] = candidate;
            double squares = squares(scaled(at));
            if (squares < least || Double.isNaN(least)) {
              least = squares;
              best = at.clone();
            }
          }
        }
      }
      return best;
    }

    private double[] candidates(Parameter number) {
      double from = start.value(number)[0];
      return IntStream.rangeClosed(-DECADES * GRID, DECADES * GRID).mapToDouble(i -> Math.pow(10, (double) i / GRID))
          .flatMap(factor -> number.positive()
              ? DoubleStream.of(Softplus.inverse(Softplus.of(from) * factor))
              : DoubleStream.of((from == 0 ? 1 : from) * factor, (from == 0 ? 1 : from) * -factor))
          .toArray();
    }

    /// Levenberg and Marquardt's descent: Gauss-Newton steps, shortened where the squares would grow.
    double[] descended(double[] from) {
      double[] at = from;
      double least = squares(at);
      double damping = DAMPING;
      int left = at.length == 0 ? 0 : STEPS;
      while (left-- > 0 && damping < MOST_DAMPING) {
        double[] next = at.clone();
        double[] change = change(at, damping);
        for (int k = 0; k < next.length; k++) {
          next[k] += change[k];
        }
        double squares = squares(next);
        if (squares <= least) {
          left = Arrays.equals(next, at) ? 0 : left;
          at = next;
          least = squares;
          damping /= 10;
        } else {
          damping *= 10;
        }
      }
      return at;
    }

    /// Solves `(J'J + damping diag(J'J)) change = J' residuals`.
    private double[] change(double[] at, double damping) {
      Interpreter interpreter = interpreter(at);
      List<Expr> gradients = formula.gradients();
      double[][] slopes = new double[at.length][];
      for (int k = 0; k < numbers.size(); k++) {
        double[] slope = interpreter.of(gradients.get(1 + formula.parameters().indexOf(vector(numbers.get(k)))));
        slopes[k] = slope.length == x.length ? slope : new double[x.length]; // a number: 0
        for (int i = 0; i < x.length; i++) {
          slopes[k][i] *= scale(at);
        }
      }
      if (Double.isNaN(scale)) {
        slopes[numbers.size()] = interpreter.of(formula.outputs().getFirst());
      }
      double[] residuals = residuals(at);
      double[][] rows = new double[at.length][at.length + 1];
      for (int k = 0; k < at.length; k++) {
        for (int i = 0; i < x.length; i++) {
          for (int l = 0; l < at.length; l++) {
            rows[k][l] += slopes[k][i] * slopes[l][i];
          }
          rows[k][at.length] += slopes[k][i] * residuals[i];
        }
      }
      for (int k = 0; k < at.length; k++) {
        rows[k][k] = rows[k][k] * (1 + damping) + Double.MIN_NORMAL;
      }
      return solved(rows);
    }

    private static Parameter vector(Parameter number) {
      return new Parameter(number.name(), true, number.positive());
    }

    /// Gauss's elimination; the matrix is positive definite.
    private static double[] solved(double[][] rows) {
      int n = rows.length;
      for (int k = 0; k < n; k++) {
        for (int i = k + 1; i < n; i++) {
          double factor = rows[i][k] / rows[k][k];
          for (int j = k; j <= n; j++) {
            rows[i][j] -= factor * rows[k][j];
          }
        }
      }
      double[] solution = new double[n];
      for (int k = n - 1; k >= 0; k--) {
        double sum = rows[k][n];
        for (int j = k + 1; j < n; j++) {
          sum -= rows[k][j] * solution[j];
        }
        solution[k] = sum / rows[k][k];
      }
      return solution;
    }
  }
}
