package norma.formula;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import norma.formula.Expr.Apply;
import norma.formula.Expr.Num;

/// Expressions as text of the language, with no more parentheses than it needs: parsed again, it is the same expression.
final class Printer {
  private static final int SUM = 1;
  private static final int PRODUCT = 2;
  private static final int SIGN = 3;
  private static final int POWER = 4;
  private static final int ATOM = 5;

  private final Map<Expr, String> names;

  /// @param names of expressions that are not written out
  private Printer(Map<Expr, String> names) {
    this.names = names;
  }

  static String text(Expr e) {
    return new Printer(Map.of()).written(e, SUM);
  }

  /// Several expressions, after those that they use more than once.
  ///
  /// @param roots by their names
  /// @return `#1`, `#2`, ... and then the roots, in an order in which each uses those before it
  static Map<String, String> lines(Map<String, Expr> roots) {
    List<Expr> all = List.copyOf(roots.values());
    Map<Expr, Integer> uses = Lowering.uses(all);
    Map<Expr, String> names = new HashMap<>();
    Map<String, String> lines = new LinkedHashMap<>();
    for (Expr node : Expr.nodes(all)) {
      if (node instanceof Apply && uses.getOrDefault(node, 0) > 1) {
        lines.put("#" + (lines.size() + 1), new Printer(names).written(node, SUM));
        names.put(node, "#" + lines.size());
      }
    }
    roots.forEach((name, root) -> lines.put(name, new Printer(names).print(root, SUM)));
    return lines;
  }

  private String print(Expr e, int least) {
    String name = names.get(e);
    return name == null ? written(e, least) : name;
  }

  private String written(Expr e, int least) {
    int level = level(e);
    String text = e instanceof Apply a ? text(a) : e.toString();
    return level < least ? "(" + text + ")" : text;
  }

  private static int level(Expr e) {
    return switch (e) {
      case Num n -> n.value() < 0 ? SIGN : ATOM;
      case Apply a when square(a) -> POWER;
      case Apply a -> switch (a.fn()) {
        case ADD, SUB -> SUM;
        case MUL, DIV -> PRODUCT;
        case NEG -> SIGN;
        case POW -> POWER;
        default -> ATOM;
      };
      default -> ATOM;
    };
  }

  /// Written as it was read: a square of squares would be twice as long with each.
  @SuppressWarnings("ReferenceEquality")
  private static boolean square(Apply a) {
    return a.fn() == Fn.MUL && a.arg(0) == a.arg(1);
  }

  private String text(Apply a) {
    Expr u = a.args().getFirst();
    if (square(a)) {
      return print(u, ATOM) + "^2";
    }
    Expr v = a.args().getLast();
    return switch (a.fn()) {
      case ADD, SUB -> print(u, SUM) + " " + a.fn().symbol() + " " + print(v, PRODUCT);
      case MUL, DIV -> print(u, PRODUCT) + " " + a.fn().symbol() + " " + print(v, SIGN);
      case NEG -> "-" + print(u, SIGN);
      case POW -> print(u, ATOM) + "^" + print(v, SIGN);
      default -> {
        StringBuilder text = new StringBuilder(a.fn().text()).append('(');
        for (int i = 0; i < a.args().size(); i++) {
          text.append(i == 0 ? "" : ", ").append(print(a.arg(i), SUM));
        }
        yield text.append(')').toString();
      }
    };
  }
}
