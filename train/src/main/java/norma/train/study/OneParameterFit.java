package norma.train.study;

import java.util.stream.IntStream;

/// The least-squares fit of a function with one positive parameter.
///
/// @param parameter    alpha or beta
/// @param meanResidual mean of the residuals' magnitudes
/// @param maxResidual  largest of them
public record OneParameterFit(Function function, double bound, double parameter, double meanResidual,
    double maxResidual) {
  /// The parameter is searched over so many powers of ten around the one at which the middle point is on the knee.
  private static final int DECADES = 8;
  private static final int GRID = 40; // a decade
  private static final int STEPS = 60;

  /// What is fitted.
  public enum Function {
    /// `bound tanh(alpha x)`.
    DYT("DyT", "alpha") {
      @Override
      public double value(double bound, double alpha, double x) {
        return bound * Math.tanh(alpha * x);
      }

      @Override
      double slope(double bound, double alpha, double x) {
        double t = Math.tanh(alpha * x);
        return bound * x * (1 - t * t);
      }

      @Override
      double knee(double x) {
        return 1 / x;
      }
    },
    /// `bound x / sqrt(beta + x^2)`.
    DYISRU("DyISRU", "beta") {
      @Override
      public double value(double bound, double beta, double x) {
        return bound * x / Math.sqrt(beta + x * x);
      }

      @Override
      double slope(double bound, double beta, double x) {
        return -0.5 * bound * x * Math.pow(beta + x * x, -1.5);
      }

      @Override
      double knee(double x) {
        return x * x;
      }
    };

    private final String title;
    private final String parameter;

    Function(String title, String parameter) {
      this.title = title;
      this.parameter = parameter;
    }

    /// Its name for people.
    public String title() {
      return title;
    }

    /// Its parameter's name.
    public String parameter() {
      return parameter;
    }

    /// f(x).
    public abstract double value(double bound, double parameter, double x);

    /// df/dparameter.
    abstract double slope(double bound, double parameter, double x);

    /// The parameter that bends the curve at x.
    abstract double knee(double x);
  }

  /// Fits points.
  ///
  /// @throws IllegalArgumentException if no x differs from 0
  public static OneParameterFit of(Function function, double bound, double[] x, double[] y) {
    double largest = IntStream.range(0, x.length).mapToDouble(i -> Math.abs(x[i])).max().orElse(0);
    if (!(largest > 0)) {
      throw new IllegalArgumentException("no point away from 0 to fit " + function.title() + " to");
    }
    double center = Math.log(function.knee(largest));
    double width = DECADES * Math.log(10);
    int best = 0;
    int points = 2 * DECADES * GRID;
    double least = Double.POSITIVE_INFINITY;
    for (int i = 0; i <= points; i++) {
      double squares = squares(function, bound, Math.exp(center - width + 2 * width * i / points), x, y);
      if (squares < least) {
        least = squares;
        best = i;
      }
    }
    double parameter = Math.exp(center - width + 2 * width * best / points);
    for (int step = 0; step < STEPS; step++) { // Gauss-Newton from the grid's best point, halved where it would get worse
      double above = 0;
      double below = 0;
      for (int i = 0; i < x.length; i++) {
        double slope = function.slope(bound, parameter, x[i]);
        above += slope * (y[i] - function.value(bound, parameter, x[i]));
        below += slope * slope;
      }
      double change = below > 0 ? above / below : 0;
      while (change != 0 && !(parameter + change > 0
          && squares(function, bound, parameter + change, x, y) <= squares(function, bound, parameter, x, y))) {
        change = Math.abs(change) < 1e-17 * parameter ? 0 : change / 2;
      }
      parameter += change;
    }
    double fitted = parameter;
    double[] residuals = IntStream.range(0, x.length)
        .mapToDouble(i -> Math.abs(y[i] - function.value(bound, fitted, x[i]))).toArray();
    return new OneParameterFit(function, bound, fitted, java.util.Arrays.stream(residuals).average().orElse(0),
        java.util.Arrays.stream(residuals).max().orElse(0));
  }

  /// The fitted function.
  public double at(double x) {
    return function.value(bound, parameter, x);
  }

  private static double squares(Function function, double bound, double parameter, double[] x, double[] y) {
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      double residual = y[i] - function.value(bound, parameter, x[i]);
      sum += residual * residual;
    }
    return sum;
  }
}
