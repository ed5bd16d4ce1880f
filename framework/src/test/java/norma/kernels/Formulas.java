package norma.kernels;

import java.util.Arrays;
import java.util.Map;
import java.util.stream.Stream;
import norma.array.Array;
import norma.formula.Formula;
import norma.nn.NormSpec;
import norma.nn.NormTypes;
import org.jspecify.annotations.Nullable;

/// The built-in formulas, and calls of them.
public final class Formulas {
  private Formulas() {}

  /// Every built-in formula, with its bias.
  public static Stream<Formula> biased() {
    return all(true);
  }

  /// Every built-in formula, with its bias and without.
  public static Stream<Formula> builtIn() {
    return Stream.concat(all(true), all(false)).distinct();
  }

  private static Stream<Formula> all(boolean bias) {
    return NormTypes.builtIn().stream().map(type -> NormTypes.formula(NormSpec.of(type.name()), bias));
  }

  /// LayerNorm.
  public static Formula layerNorm(boolean bias) {
    return NormTypes.formula(NormSpec.of("layernorm"), bias);
  }

  /// RMSNorm.
  public static Formula rmsNorm(boolean bias) {
    return NormTypes.formula(NormSpec.of("rmsnorm"), bias);
  }

  /// DyT.
  public static Formula dyt(boolean bias) {
    return NormTypes.formula(NormSpec.of("dyt"), bias);
  }

  /// DyISRU.
  public static Formula dyisru(boolean softplus, boolean scaled, boolean bias) {
    return NormTypes.formula(new NormSpec("dyisru",
        Map.of("parametrization", softplus ? "softplus" : "direct", "scale_sqrt_width", scaled)), bias);
  }

  /// Derf.
  public static Formula derf(boolean bias) {
    return NormTypes.formula(NormSpec.of("derf"), bias);
  }

  /// @param in x, then the parameters
  /// @return statistics for backward
  static Array forward(Kernels k, Formula formula, Array[] in, Array y, @Nullable Array slope) {
    Array statistics = k.statistics(k.kept(formula), in[0].rows());
    k.formula(formula, in[0], Arrays.asList(in).subList(1, in.length), y, slope, statistics);
    return statistics;
  }
}
