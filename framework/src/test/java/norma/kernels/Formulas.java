package norma.kernels;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import norma.array.Array;
import norma.formula.Formula;
import norma.formula.Formula.Parameter;
import org.jspecify.annotations.Nullable;

/// The built-in formulas, and calls of them.
public final class Formulas {
  private static final Map<String, Double> EPS = Map.of("eps", 1e-5);
  private static final Parameter ALPHA = new Parameter("alpha", false, false);

  private Formulas() {}

  /// LayerNorm.
  public static Formula layerNorm(boolean bias) {
    return Formula.of("weight * (x - mean(x)) / std(x, eps) + bias", List.of(), EPS, bias);
  }

  /// RMSNorm.
  public static Formula rmsNorm(boolean bias) {
    return Formula.of("weight * x / rms(x, eps) + bias", List.of(), EPS, bias);
  }

  /// DyT.
  public static Formula dyt(boolean bias) {
    return Formula.of("weight * tanh(alpha * x) + bias", List.of(ALPHA), Map.of(), bias);
  }

  /// DyISRU.
  public static Formula dyisru(boolean softplus, boolean scaled, boolean bias) {
    return Formula.of("weight * width^(scale_sqrt_width / 2) * x / sqrt(beta + x^2) + bias",
        List.of(new Parameter("beta", false, softplus)), Map.of("scale_sqrt_width", scaled ? 1.0 : 0.0), bias);
  }

  /// Derf.
  public static Formula derf(boolean bias) {
    return Formula.of("weight * erf(alpha * x + shift) + bias", List.of(ALPHA, new Parameter("shift", false, false)),
        Map.of(), bias);
  }

  /// @param in x, then the parameters
  /// @return statistics for backward
  static Array forward(Kernels k, Formula formula, Array[] in, Array y, @Nullable Array slope) {
    Array statistics = k.statistics(k.kept(formula), in[0].rows());
    k.formula(formula, in[0], Arrays.asList(in).subList(1, in.length), y, slope, statistics);
    return statistics;
  }

  /// @param in  dy, x, then the parameters
  /// @param out of x, then of the parameters
  static void backward(Kernels k, Formula formula, Array[] in, @Nullable Grad[] out) {
    k.arena().reset();
    Array statistics = forward(k, formula, Arrays.copyOfRange(in, 1, in.length), k.empty(in[1].shape()), null);
    k.formulaBackward(formula, in[0], in[1], Arrays.asList(in).subList(2, in.length), statistics, out[0],
        Arrays.asList(out).subList(1, out.length));
  }
}
