package norma.formula;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.DoubleStream;
import norma.formula.Expr.Apply;
import norma.formula.Expr.Space;
import norma.formula.Formula.Parameter;
import org.apache.commons.math3.special.Erf;
import org.jspecify.annotations.Nullable;

/// A formula with values for its parameters: the function that it is, in float64.
public final class Curve {
  /// Magnitudes of x that are tried lie between these powers of ten.
  private static final int LEAST = -3;
  private static final int MOST = 12;
  /// What is bounded has come near its bound here.
  private static final int FAR = 6;
  private static final double NEAR = 1e-3;
  /// In each power of ten: a maximum between two is missed by 1 part in 10,000.
  private static final int STEPS = 100;
  private static final int ROW_STEPS = 4;
  private static final int SHAPES = 6;
  private static final double SMALL = 1e-3;
  private static final double ROUNDING = 1e-9;
  /// Of a parameter, to see whether a property holds at its start only.
  private static final double SHIFT = 0.1;
  /// Beyond it tanh and its like are nearly constant: tanh 2 = 0.96.
  private static final double FLAT = 2;

  private final Formula formula;
  private final int width;
  private final Map<String, double[]> values;

  /// The argument `u = slope x + shift` of a squashing function, which is nearly a line where |u| < 1.
  ///
  /// @param flat the function is nearly constant where |u| is more: 1 for a clamp to [-1, 1], 2 for all others
  public record Squash(double slope, double shift, double flat) {}

  /// @param width  C
  /// @param values of every parameter by name, as it is stored: vectors (C) and numbers
  public Curve(Formula formula, int width, Map<String, double[]> values) {
    this.formula = formula;
    this.width = width;
    this.values = Map.copyOf(values);
  }

  /// The formula.
  public Formula formula() {
    return formula;
  }

  /// C.
  public int width() {
    return width;
  }

  /// A parameter's value as it is stored.
  public double[] value(Parameter parameter) {
    double[] value = values.get(parameter.name());
    if (value == null) {
      throw new IllegalArgumentException("no value for " + parameter.name());
    }
    return value.clone();
  }

  /// The same formula with another value for a parameter; the same curve if it has no such parameter.
  public Curve with(String parameter, double value) {
    Map<String, double[]> changed = new HashMap<>(values);
    changed.computeIfPresent(parameter, (_, old) -> {
      double[] all = old.clone();
      Arrays.fill(all, value);
      return all;
    });
    return new Curve(formula, width, changed);
  }

  /// y of the first channel where its x is one of these. The other channels have the quantiles of a normal distribution.
  public double[] at(double... x) {
    return first(formula.outputs().getFirst(), x);
  }

  /// dy/dx of the first channel.
  public double[] slope(double... x) {
    return first(formula.gradients().getFirst(), x);
  }

  private double[] first(Expr e, double... x) {
    int channels = formula.pointwise() ? 1 : width;
    double[] rows = new double[x.length * channels];
    double[] dy = new double[rows.length];
    double[] others = normal(channels - 1);
    for (int i = 0; i < x.length; i++) {
      for (int c = 1; c < channels; c++) {
        rows[i * channels + c] = others[c - 1];
      }
      rows[i * channels] = x[i];
      dy[i * channels] = 1;
    }
    double[] all = rows(e, rows, dy, channels);
    double[] result = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      result[i] = all[all.length == 1 ? 0 : i * channels];
    }
    return result;
  }

  /// @param channels C, or 1 for the first alone
  private double[] rows(Expr e, double[] x, double[] dy, int channels) {
    Map<String, double[]> leaves = new HashMap<>();
    values.forEach((name, value) -> leaves.put(name, Arrays.copyOf(value, Math.min(value.length, channels))));
    leaves.put("x", x);
    leaves.put("dy", dy);
    Interpreter interpreter = new Interpreter(x.length / channels, channels, leaves);
    interpreter.put(formula.width(), new double[]{ width });
    return interpreter.of(e);
  }

  /// Quantiles of the normal distribution.
  private static double[] normal(int count) {
    double[] quantiles = new double[count];
    Arrays.setAll(quantiles, i -> Math.sqrt(2) * Erf.erfInv((2 * i + 1.0) / count - 1));
    return quantiles;
  }

  /// The largest |y| that was found for x of magnitudes from 1e-3 to 1e12, in a token with one large channel and in others where y depends
  /// on all channels; infinite if y still grows at the end, NaN if some y is not a number.
  public double bound() {
    int steps = formula.pointwise() ? STEPS : ROW_STEPS;
    double[] magnitudes = new double[(MOST - LEAST) * steps + 1];
    for (int i = 0; i < magnitudes.length; i++) {
      magnitudes[i] = Math.pow(10, LEAST + (double) i / steps);
    }
    double[] largest = largest(magnitudes);
    double near = Arrays.stream(largest).limit((FAR - LEAST) * (long) steps).max().orElse(0);
    double far = Arrays.stream(largest).max().orElse(0);
    return Double.isNaN(far) || far <= near * (1 + NEAR) ? far : Double.POSITIVE_INFINITY;
  }

  /// The largest |y| for each magnitude.
  private double[] largest(double[] magnitudes) {
    double[] y;
    if (formula.pointwise()) {
      y = at(Arrays.stream(magnitudes).flatMap(m -> DoubleStream.of(m, -m)).toArray());
    } else {
      double[] normal = normal(width);
      double[] x = new double[magnitudes.length * SHAPES * width];
      for (int i = 0; i < x.length; i++) {
        x[i] = magnitudes[i / width / SHAPES] * shape(i / width % SHAPES, i % width, normal);
      }
      y = rows(formula.outputs().getFirst(), x, new double[x.length], width);
    }
    double[] largest = new double[magnitudes.length];
    int each = y.length / largest.length;
    for (int i = 0; i < y.length; i++) {
      largest[i / each] = Math.max(largest[i / each], Math.abs(y[i])); // NaN stays
    }
    return largest;
  }

  /// A token: one large channel, alone or among others; all alike; normal; half of them large.
  private static double shape(int shape, int channel, double[] normal) {
    return switch (shape) {
      case 0 -> channel == 0 ? 1 : 0;
      case 1 -> channel == 0 ? -1 : 0;
      case 2 -> channel == 0 ? 1 : SMALL * normal[channel];
      case 3 -> 1;
      case 4 -> normal[channel];
      default -> channel % 2;
    };
  }

  /// Whether y(-x) = -y(x).
  public boolean odd() {
    int channels = formula.pointwise() ? 1 : width;
    int rows = formula.pointwise() ? 400 : 8;
    double[] x = new double[rows * channels];
    for (int i = 0; i < x.length; i++) { // irregular, so that no channel mirrors another
      x[i] = Math.sin(i * 1.7 + 0.4) * Math.pow(10, i % 5 - 2.0);
    }
    Expr y = formula.outputs().getFirst();
    double[] one = rows(y, x, new double[x.length], channels);
    double[] other = rows(y, Arrays.stream(x).map(v -> -v).toArray(), new double[x.length], channels);
    double largest = Arrays.stream(one).map(Math::abs).max().orElse(0);
    for (int i = 0; i < one.length; i++) {
      if (!(Math.abs(one[i] + other[i]) <= ROUNDING * largest)) {
        return false;
      }
    }
    return true;
  }

  /// The parameters any of which, given another value, makes an odd function one that is not.
  public List<String> oddUnless() {
    List<String> names = new ArrayList<>();
    for (Parameter p : formula.parameters()) {
      double start = value(p)[0];
      if (odd() && !with(p.name(), start == 0 ? SHIFT : start * (1 + SHIFT)).odd()) {
        names.add(p.name());
      }
    }
    return names;
  }

  /// The argument of the outermost squashing function; null if there is none, or none that is a line in x.
  public @Nullable Squash squash() {
    for (Expr node : Expr.nodes(List.of(formula.y())).reversed()) {
      if (node instanceof Apply a) {
        Expr u = squashed(a);
        if (u != null && u.space() == Space.POINT) {
          return line(u, a.fn() == Fn.CLAMP ? 1 : FLAT);
        }
      }
    }
    return null;
  }

  private @Nullable Squash line(Expr u, double flat) {
    if (Expr.nodes(List.of(u)).stream().anyMatch(e -> e.space() != Space.NUMBER && e.space() != Space.POINT)) {
      return null;
    }
    double[] line = rows(u, new double[]{ 0, 1, 2 }, new double[3], 1);
    boolean straight = Math.abs(line[2] - 2 * line[1] + line[0]) <= ROUNDING * Math.abs(line[1]);
    return straight ? new Squash(line[1] - line[0], line[0], flat) : null;
  }

  private @Nullable Expr squashed(Apply a) {
    Graph g = formula.graph();
    return switch (a.fn()) {
      case TANH, ERF, ATAN, ISRU, SOFTSIGN -> a.arg(0);
      case CLAMP -> g.div(g.sub(g.mul(g.num(2), a.arg(0)), g.add(a.arg(1), a.arg(2))), g.sub(a.arg(2), a.arg(1)));
      case SIGMOID -> g.mul(g.num(0.5), a.arg(0)); // (1 + tanh(u / 2)) / 2
      case OVERROOT -> g.mul(a.arg(0), g.apply(Fn.SQRT, g.div(a.arg(1), a.arg(2))));
      case OVERABS -> g.div(g.mul(a.arg(0), a.arg(1)), a.arg(2));
      default -> null;
    };
  }
}
