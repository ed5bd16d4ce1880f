package norma.train.inspect;

import java.util.Arrays;
import java.util.DoubleSummaryStatistics;
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
import norma.nn.NormSpec;
import norma.nn.NormTypes;
import org.apache.commons.math3.exception.MathIllegalStateException;
import org.apache.commons.math3.fitting.leastsquares.LeastSquaresFactory;
import org.apache.commons.math3.fitting.leastsquares.LevenbergMarquardtOptimizer;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.ArrayRealVector;
import org.apache.commons.math3.util.Pair;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;

/// The least-squares fit of an element-wise formula to points: `scale f(x)`, where f's weight is 1 and its bias 0, and its numbers are fitted.
///
/// @param spec         what was fitted
/// @param curve        f with the numbers that fit best
/// @param scale        by which f has the bound that was asked for; fitted too if f has no bound, or one that depends on its numbers
/// @param found        whether there is a best fit: numbers within the range that was searched, not on their way to 0 or infinity
/// @param meanResidual mean of the residuals' magnitudes
/// @param maxResidual  largest of them
public record FormulaFit(NormSpec spec, Curve curve, double scale, boolean found, double meanResidual,
    double maxResidual) {
  private static final Logger LOG = LogManager.getLogger(FormulaFit.class);

  /// The element-wise functions that were published to stand in the place of LayerNorm (arXiv:2503.10622, arXiv:2503.21708).
  public static final List<NormSpec> PUBLISHED = List.of(NormSpec.of("dyt"), NormSpec.of("dyisru"));

  /// Each number is searched over so many powers of ten around its start, around 1 if that is 0, one after the other.
  private static final int DECADES = 8;
  /// Points that the search sees.
  private static final int SEARCHED = 600;
  private static final int GRID = 8; // a decade
  private static final int STEPS = 200;
  /// Goes on until rounding alone changes the squares.
  private static final LevenbergMarquardtOptimizer DESCENT = new LevenbergMarquardtOptimizer()
      .withCostRelativeTolerance(1e-15).withParameterRelativeTolerance(1e-15).withOrthoTolerance(1e-15);
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
    DoubleSummaryStatistics residuals = Arrays.stream(points.residuals(at)).map(Math::abs).summaryStatistics();
    return new FormulaFit(spec, curve, points.scale(at), points.inRange(at), residuals.getAverage(),
        residuals.getMax());
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

  /// The name in a configuration.
  public String name() {
    return spec.type();
  }

  /// The numbers that were fitted, in the units of the formula.
  public Map<String, Double> numbers() {
    Map<String, Double> numbers = new LinkedHashMap<>();
    for (Parameter p : curve.formula().parameters()) {
      if (!p.perChannel()) {
        numbers.put(p.name(), p.value(curve.value(p)[0]));
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

    private double[] fitted(double[] at) {
      return Arrays.stream(values(at)).map(f -> scale(at) * f).toArray();
    }

    double[] residuals(double[] at) {
      double[] fitted = fitted(at);
      return IntStream.range(0, x.length).mapToDouble(i -> y[i] - fitted[i]).toArray();
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

    boolean inRange(double[] at) {
      double most = 0.99 * Math.pow(10, DECADES); // the last that was searched is none
      boolean inRange = true;
      for (int k = 0; k < numbers.size(); k++) {
        Parameter number = numbers.get(k);
        double from = number.value(start.value(number)[0]);
        double factor = Math.abs(number.value(at[k]) / (from == 0 ? 1 : from));
        inRange &= factor < most && (factor > 1 / most || from == 0);
      }
      return inRange;
    }

    private double[] candidates(Parameter number) {
      double from = number.value(start.value(number)[0]);
      double unit = from == 0 ? 1 : from;
      return IntStream.rangeClosed(-DECADES * GRID, DECADES * GRID).mapToDouble(i -> Math.pow(10, (double) i / GRID))
          .flatMap(factor -> number.positive()
              ? DoubleStream.of(unit * factor)
              : DoubleStream.of(unit * factor, unit * -factor))
          .map(number::stored).toArray();
    }

    /// Levenberg and Marquardt's descent; where there is no way down, such as from infinite slopes, the start.
    double[] descended(double[] from) {
      try {
        return from.length == 0
            ? from
            : DESCENT.optimize(LeastSquaresFactory.create(
                at -> new Pair<>(new ArrayRealVector(fitted(at.toArray()), false),
                    new Array2DRowRealMatrix(slopes(at.toArray()), false).transpose()),
                new ArrayRealVector(y, false), new ArrayRealVector(from), null, STEPS, STEPS)).getPoint().toArray();
      } catch (MathIllegalStateException e) {
        LOG.debug("no descent from {}", from, e);
        return from;
      }
    }

    /// The derivatives of [#fitted] by each of what is fitted, a row for each.
    private double[][] slopes(double[] at) {
      Interpreter interpreter = interpreter(at);
      List<Expr> gradients = formula.gradients();
      double[][] slopes = new double[at.length][];
      for (int k = 0; k < numbers.size(); k++) {
        Parameter vector = new Parameter(numbers.get(k).name(), true, numbers.get(k).positive());
        double[] slope = interpreter.of(gradients.get(1 + formula.parameters().indexOf(vector)));
        double scale = slope.length == x.length ? scale(at) : 0; // else a number: 0
        slopes[k] = IntStream.range(0, x.length).mapToDouble(i -> scale == 0 ? 0 : scale * slope[i]).toArray();
      }
      if (Double.isNaN(scale)) {
        slopes[numbers.size()] = interpreter.of(formula.outputs().getFirst());
      }
      return slopes;
    }
  }
}
