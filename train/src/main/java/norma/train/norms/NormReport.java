package norma.train.norms;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import norma.formula.Curve;
import norma.formula.Formula;
import norma.formula.Formula.Parameter;
import norma.formula.DerivativeCheck;
import norma.kernels.Backend;
import norma.nn.FormulaType;
import norma.nn.Learnable;
import norma.nn.NormSpec;
import norma.nn.NormTypes;
import norma.train.inspect.FormulaFit;

/// All that can be said of one formula, in lines of 80 characters.
public final class NormReport {
  /// Channels of nanoGPT's CPU settings.
  private static final int WIDTH = 128;
  /// Channels at which gradients are compared with central differences: their number grows with the square.
  private static final int CHECKED = 8;
  private static final int INDENT = 12;
  private static final double WRONG = 1e-6;
  /// Functions of the language: neither they nor their slopes are differences, but for tanh's where it is flat.
  private static final List<String> NAMED = List.of("isru", "softsign", "atan", "erf", "sigmoid", "tanh");
  private static final double SAME = 1e-6;

  private final NormSpec spec;
  private final Curve curve;
  private final Formula formula;
  private final List<String> lines = new ArrayList<>();

  /// @throws IllegalArgumentException if it is no formula, with the place of what is wrong if it is none that can be read
  public NormReport(NormSpec spec) {
    this.spec = spec;
    curve = start(spec, WIDTH);
    formula = curve.formula();
  }

  private static Curve start(NormSpec spec, int width) {
    return NormTypes.start(spec, "", width, false)
        .orElseThrow(
            () -> new IllegalArgumentException(spec.type() + " is no formula; norma norms lists those that are"));
  }

  /// Facts that follow from the formula alone.
  public List<String> known() {
    lines.clear();
    if (!spec.isFormula() && NormTypes.type(spec, "") instanceof FormulaType type) {
      line("type", type.name());
      line("source", type.source());
    }
    line("y", formula.text());
    line("read as", formula.written().toString());
    formula.rewrites().forEach(note -> line("rewritten", note));
    formula.meanings().forEach(meaning -> line("", meaning));
    formula.parameters().forEach(this::parameter);
    line("gradient", "of sum(dy * y), from the table of slopes");
    formula.derivation().forEach((name, text) -> line("  " + name, text));
    line("", formula.pointwise()
        ? "each channel by itself, parameters summed over tokens"
        : "through statistics of a token's channels; " + formula.statistics()
            + " numbers a token are kept for backward");
    line("check", gradientCheck());
    line("shape", NormList.facts(spec));
    line("slope at 0", NormList.number(curve.slope(0)[0]) + (formula.pointwise()
        ? ""
        : " of one channel, the " + (WIDTH - 1) + " others normally distributed"));
    double[] flops = formula.flops();
    line("cost", String.format(Locale.ROOT, "%.0f operations an element forward, %.0f backward", flops[0], flops[1]));
    return List.copyOf(lines);
  }

  private void parameter(Parameter p) {
    double stored = curve.value(p)[0];
    line(p.name(), "starts at " + NormList.number(p.value(stored))
        + (p.perChannel() ? ", one for each channel" : "")
        + (p.positive() ? ", positive: learned as its inverse softplus" : "")
        + (spec.settings().get(p.name()) instanceof Learnable l && l.decay() ? ", under weight decay" : ""));
  }

  private String gradientCheck() {
    Map<String, Double> errors = DerivativeCheck.errors(start(spec, CHECKED));
    Map.Entry<String, Double> worst = errors.entrySet().stream()
        .max(Map.Entry.comparingByValue()).orElseThrow(); // NaN is the largest
    return worst.getValue() < WRONG
        ? String.format(Locale.ROOT, "central differences in float64 agree to %.0e of the largest gradient",
            worst.getValue())
        : String.format(Locale.ROOT, "%s is %.0e away from central differences: a jump, a kink, or not a number",
            worst.getKey(), worst.getValue());
  }

  /// Measures digits and speed on a backend.
  public List<String> measured(Backend backend) {
    lines.clear();
    Digits digits = Digits.measured(backend, start(spec, CHECKED));
    line("float32", "decimal digits that agree with float64, by the magnitude of x");
    digits.lines().forEach(text -> lines.add("  " + text));
    if (!digits.lost().isEmpty()) {
      line("", "less than 3 digits of " + String.join(", ", digits.lost()) + suggestion());
    }
    line("speed", FormulaSpeed.measured(backend, curve).text());
    line("", FormulaSpeed.ROWS + " tokens of " + WIDTH + " channels; " + backend.description());
    return List.copyOf(lines);
  }

  /// A function of the language with the same curve, if there is one.
  private String suggestion() {
    Optional<String> same = formula.pointwise() && Double.isFinite(curve.bound())
        ? NAMED.stream().filter(name -> !formula.text().contains(name)).map(this::fitted).flatMap(Optional::stream)
            .findFirst()
        : Optional.empty();
    return same.map(text -> "; " + text + " is the same, and nothing cancels in it")
        .orElse(": something cancels there, or the curve is flat");
  }

  private Optional<String> fitted(String function) {
    NormSpec named = new NormSpec("weight * " + function + "(a * x)", Map.of("a", Learnable.from(1)));
    double[] x = IntStream.rangeClosed(-200, 200)
        .mapToDouble(i -> Math.copySign(Math.pow(10, Math.abs(i) / 50.0 - 2), i))
        .toArray();
    double bound = curve.bound();
    FormulaFit fit = FormulaFit.of(named, "", WIDTH, bound, x, curve.at(x));
    double a = fit.numbers().getOrDefault("a", 0.0);
    return fit.maxResidual() < SAME * bound
        ? Optional.of(times(fit.scale()) + function + "(" + times(a) + "x)")
        : Optional.empty();
  }

  private static String times(double factor) {
    String number = NormList.number(factor);
    return number.equals("1") ? "" : number + " * ";
  }

  /// The curve and its slope.
  public String svg() {
    return CurvePlot.svg(spec.isFormula() ? formula.text() : spec.type() + ": " + formula.text(), curve);
  }

  private void line(String label, String text) {
    lines.addAll(NormList.wrapped(label, Math.max(INDENT, label.length() + 1), text));
  }
}
