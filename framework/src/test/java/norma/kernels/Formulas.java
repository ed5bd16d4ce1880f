package norma.kernels;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import norma.array.Array;
import norma.formula.Formula;
import norma.formula.Formula.Parameter;
import norma.nn.NormSpec;
import norma.nn.NormTypes;

/// The built-in formulas, and calls of them.
public final class Formulas {
  private Formulas() {}

  /// Every built-in formula, with its bias.
  public static Stream<Formula> builtIn() {
    return NormTypes.builtIn().stream().map(type -> of(type.name(), true));
  }

  /// A built-in formula as it is by default.
  public static Formula of(String name, boolean bias) {
    return of(NormSpec.of(name), bias);
  }

  /// DyISRU.
  public static Formula dyisru(boolean softplus, boolean scaled, boolean bias) {
    return of(new NormSpec("dyisru",
        Map.of("parametrization", softplus ? "softplus" : "direct", "scale_sqrt_width", scaled)), bias);
  }

  private static Formula of(NormSpec spec, boolean bias) {
    return NormTypes.start(spec, "", 1, bias).orElseThrow().formula();
  }

  /// A gate that keeps its slopes, one that does not, numbers in the place of slopes, and a formula of two with statistics.
  public static Stream<Formula> ofTwo() {
    List<Parameter> numbers = List.of(new Parameter("a", false, false), new Parameter("b", true, false));
    return Stream.of(Formula.gate("gelu(x)", true), Formula.gate("relu(x)^2", false),
        Formula.ofTwo("2 * x + 3 * u", List.of(), Map.of(), false), Formula.ofTwo("x + u", List.of(), Map.of(), false),
        Formula.ofTwo("a * x + b * u", numbers, Map.of(), false),
        Formula.ofTwo("weight * (x - mean(u)) / std(x * u, 1e-5) + bias + a * sum(u * b)", numbers, Map.of(), true));
  }

  /// @param in  the formula's inputs
  /// @param out y, then the slopes that it keeps
  /// @return statistics for backward
  static Array forward(Kernels k, Formula formula, Array[] in, Array... out) {
    Array statistics = k.statistics(k.kept(formula), in[0].rows());
    k.formula(formula, List.of(in), List.of(out), statistics);
    return statistics;
  }
}
