package norma.formula;

import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.Map;
import norma.formula.Expr.Apply;
import norma.formula.Expr.Leaf;
import norma.formula.Expr.Num;
import norma.formula.Expr.Space;

/// Any formula in double over plain arrays: for what a kernel's caller computes, numbers and vectors, before and after it.
public final class Interpreter {
  private final int rows;
  private final int width;
  private final Map<String, double[]> leaves;
  private final IdentityHashMap<Expr, double[]> known = new IdentityHashMap<>();
  private final Graph graph = new Graph();

  private final boolean single;

  /// @param rows   R
  /// @param width  C
  /// @param leaves values by name: as many as their space has
  public Interpreter(int rows, int width, Map<String, double[]> leaves) {
    this(rows, width, leaves, false);
  }

  /// @param single whether every value is rounded to float32
  Interpreter(int rows, int width, Map<String, double[]> leaves, boolean single) {
    this.single = single;
    this.rows = rows;
    this.width = width;
    this.leaves = leaves;
  }

  /// Takes a node's value as given.
  public void put(Expr node, double[] values) {
    known.put(node, values);
  }

  /// As many values as the node's space has, rows first.
  public double[] of(Expr node) {
    double[] done = known.get(node);
    if (done == null) {
      done = switch (node) {
        case Num n -> new double[]{ n.value() };
        case Leaf leaf -> leaf.name().equals("width") ? new double[]{ width } : leaves.get(leaf.name());
        case Apply a when a.fn() == Fn.SUM || a.fn() == Fn.MAXABS || a.fn() == Fn.LARGEST -> overChannels(a);
        case Apply a when a.fn() == Fn.ROWS -> overRows(a);
        case Apply a -> {
          Expr definition = a.fn().definition(graph, a.args());
          yield definition != null ? of(definition) : pointwise(a);
        }
      };
      if (done == null) {
        throw new IllegalArgumentException("no value for " + node);
      }
      for (int i = 0; single && i < done.length; i++) {
        done[i] = (float) done[i];
      }
      known.put(node, done);
    }
    return done;
  }

  private double[] pointwise(Apply a) {
    Expr second = a.arg(Math.min(1, a.args().size() - 1));
    Expr third = a.args().getLast();
    double[] u = of(a.arg(0));
    double[] v = of(second);
    double[] w = of(third);
    if (a.space() == Space.NUMBER) {
      return new double[]{ a.fn().value(u[0], v[0], w[0]) };
    }
    boolean channels = a.space().channels();
    double[] result = new double[(a.space().rows() ? rows : 1) * (channels ? width : 1)];
    for (int i = 0; i < result.length; i++) {
      result[i] = a.fn().value(u[index(a.arg(0), i, channels)], v[index(second, i, channels)],
          w[index(third, i, channels)]);
    }
    return result;
  }

  /// Where the value of `e` for element i of a result lies.
  private int index(Expr e, int i, boolean channels) {
    Space s = e.space();
    if (!channels) {
      return s.rows() ? i : 0;
    }
    return s.rows() ? s.channels() ? i : i / width : s.channels() ? i % width : 0;
  }

  private double[] overChannels(Apply a) {
    double[] values = of(a.arg(0));
    double[] result = new double[values.length / width];
    Arrays.fill(result, a.fn() == Fn.SUM ? 0 : Double.NEGATIVE_INFINITY);
    for (int i = 0; i < values.length; i++) {
      result[i / width] = a.fn() == Fn.SUM
          ? result[i / width] + values[i]
          : Math.max(result[i / width], a.fn() == Fn.MAXABS ? Math.abs(values[i]) : values[i]);
    }
    return result;
  }

  private double[] overRows(Apply a) {
    double[] values = of(a.arg(0));
    double[] result = new double[a.space().channels() ? width : 1];
    for (int i = 0; i < values.length; i++) {
      result[i % result.length] += values[i];
    }
    return result;
  }
}
