package norma.train.export;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import norma.formula.Expr;
import norma.formula.Expr.Apply;
import norma.formula.Expr.Leaf;
import norma.formula.Expr.Num;
import norma.formula.Formula;
import norma.formula.Printer;

/// A formula as lines of Python for PyTorch: an operation for each node as it was written. The text expects `torch`, `F`, which is
/// `torch.nn.functional`, [#ISRU] where it uses that function, and every leaf as a tensor, `width` too.
public final class TorchPrinter extends Printer {
  /// A function that PyTorch does not have.
  public static final String ISRU = "def isru(u):\n    return u / torch.sqrt(1 + u ** 2)\n";
  private static final String RESULT = "return";
  private static final String OVER_CHANNELS = "-1, keepdim=True)";
  /// Those of `torch.nn.functional`; `torch` has all others by their own names.
  private static final Set<String> FUNCTIONAL = Set.of("silu", "gelu", "softplus", "softsign");

  private final UnaryOperator<String> names;

  private TorchPrinter(UnaryOperator<String> names) {
    super("t", " ** ");
    this.names = names;
  }

  /// Lines of a function's body, the last of which returns y.
  ///
  /// @param names what its parameters are called, `self.alpha` for `alpha`
  public static List<String> body(Formula formula, UnaryOperator<String> names) {
    Map<String, Expr> root = new LinkedHashMap<>(Map.of(RESULT, formula.written()));
    return new TorchPrinter(names).lines(root).entrySet().stream()
        .map(line -> line.getKey() + (line.getKey().equals(RESULT) ? " " : " = ") + line.getValue()).toList();
  }

  @Override
  protected String leaf(Leaf leaf) {
    return leaf.space().rows() || leaf.name().equals("width") ? leaf.name() : names.apply(leaf.name());
  }

  @Override
  protected String call(Apply a) {
    Expr u = a.arg(0);
    return switch (a.fn()) {
      case MAX -> bound("maximum", "min", u, a.arg(1));
      case MIN -> bound("minimum", "max", u, a.arg(1));
      case CLAMP -> clamp(u, a.arg(1), a.arg(2));
      case ISRU -> "isru(" + print(u) + ")";
      case SUM, MEAN -> print(u, ATOM) + "." + name(a) + "(" + OVER_CHANNELS;
      case MAXABS -> "torch.abs(" + print(u) + ").amax(" + OVER_CHANNELS;
      case VAR -> variance(u);
      case STD -> "torch.sqrt(" + variance(u) + " + " + print(a.arg(1), ATOM) + ")";
      case RMS -> "torch.sqrt((" + print(u, ATOM) + " ** 2).mean(" + OVER_CHANNELS + " + " + print(a.arg(1), ATOM)
          + ")";
      default -> (FUNCTIONAL.contains(name(a)) ? "F." : "torch.") + name(a) + "(" + print(u) + ")";
    };
  }

  private static String name(Apply a) {
    return a.fn().name().toLowerCase(Locale.ROOT);
  }

  private String variance(Expr u) {
    return print(u, ATOM) + ".var(-1, unbiased=False, keepdim=True)";
  }

  /// Of two tensors, or of a tensor and a number, for which PyTorch has another function.
  private String bound(String function, String side, Expr u, Expr v) {
    return u instanceof Num || v instanceof Num
        ? "torch.clamp(" + print(v instanceof Num ? u : v) + ", " + side + "=" + print(v instanceof Num ? v : u) + ")"
        : "torch." + function + "(" + print(u) + ", " + print(v) + ")";
  }

  private String clamp(Expr u, Expr least, Expr most) {
    if (least instanceof Num && most instanceof Num && !(u instanceof Num)) {
      return "torch.clamp(" + print(u) + ", " + print(least) + ", " + print(most) + ")";
    }
    String raised = u instanceof Num a && least instanceof Num b
        ? "torch.tensor(" + Math.max(a.value(), b.value()) + ")"
        : bound("maximum", "min", u, least);
    return most instanceof Num
        ? "torch.clamp(" + raised + ", max=" + print(most) + ")"
        : "torch.minimum(" + raised + ", " + print(most) + ")";
  }
}
