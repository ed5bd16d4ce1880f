package norma.train.norms;

import java.util.Arrays;
import java.util.Locale;
import java.util.Random;
import norma.formula.Curve;
import norma.kernels.Backend;
import norma.kernels.Kernels;
import norma.nn.NormSpec;
import norma.nn.NormTypes;
import norma.train.metrics.Median;

/// Times of a formula's kernels beside LayerNorm's, measured in turn.
///
/// @param forward   nanoseconds an element, medians: the formula's and LayerNorm's
/// @param backward  the same
/// @param ratios    medians of the formula's time over LayerNorm's beside it, forward and backward
record FormulaSpeed(double[] forward, double[] backward, double[] ratios) {
  /// Tokens of a step of nanoGPT's CPU settings.
  static final int ROWS = 768;
  private static final int ROUNDS = 41;
  private static final int CALLS = 10;

  static FormulaSpeed measured(Backend backend, Curve curve) {
    Curve layerNorm = NormTypes.start(NormSpec.of("layernorm"), "", curve.width(), false).orElseThrow();
    Kernels kernels = backend.kernels();
    FormulaCall[] calls = { new FormulaCall(backend, kernels, curve, ROWS),
        new FormulaCall(backend, kernels, layerNorm, ROWS) };
    Random random = new Random(1);
    double[] x = random.doubles(ROWS * (long) curve.width(), -3, 3).toArray();
    double[][][] nanos = new double[2][2][ROUNDS]; // direction, formula
    for (FormulaCall call : calls) {
      call.on(x, x);
    }
    for (int round = 0; round < ROUNDS; round++) {
      for (int i = 0; i < 2; i++) {
        nanos[0][i][round] = nanos(backend, calls[i]::forward) / x.length;
        nanos[1][i][round] = nanos(backend, calls[i]::backward) / x.length;
      }
    }
    double[] ratios = new double[2];
    for (int direction = 0; direction < 2; direction++) {
      double[][] both = nanos[direction];
      double[] each = new double[ROUNDS];
      Arrays.setAll(each, round -> both[0][round] / both[1][round]);
      ratios[direction] = Median.of(each);
    }
    return new FormulaSpeed(new double[]{ Median.of(nanos[0][0]), Median.of(nanos[0][1]) },
        new double[]{ Median.of(nanos[1][0]), Median.of(nanos[1][1]) }, ratios);
  }

  private static double nanos(Backend backend, Runnable call) {
    long start = System.nanoTime();
    for (int i = 0; i < CALLS; i++) {
      call.run();
    }
    backend.synchronize();
    return (System.nanoTime() - start) / (double) CALLS;
  }

  String text() {
    return String.format(Locale.ROOT,
        "forward %.2f, backward %.2f times as long as layernorm: %.2f and %.2f ns an element, beside %.2f and %.2f",
        ratios[0], ratios[1], forward[0], backward[0], forward[1], backward[1]);
  }
}
