package norma.formula;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import norma.formula.Expr.Apply;
import norma.formula.Expr.Leaf;
import norma.formula.Expr.Num;

/// Expressions as text with no more parentheses than it needs: of the language, in which it is the same expression once parsed again, or of
/// another one with its arithmetic.
public class Printer {
  /// Of an argument that binds more tightly than any operator.
  protected static final int ATOM = 5;
  private static final int SUM = 1;
  private static final int PRODUCT = 2;
  private static final int SIGN = 3;
  private static final int POWER = 4;

  private final String prefix;
  private final String power;
  private final Map<Expr, String> names = new HashMap<>();

  /// @param prefix of the names of expressions that are used more than once
  /// @param power  the operator
  protected Printer(String prefix, String power) {
    this.prefix = prefix;
    this.power = power;
  }

  private static Printer language() {
    return new Printer("#", "^");
  }

  static String text(Expr e) {
    return language().written(e, SUM);
  }

  /// Several expressions, after those that they use more than once, in the language.
  ///
  /// @param roots by their names
  static Map<String, String> derivation(Map<String, Expr> roots) {
    return language().lines(roots);
  }

  /// Several expressions, after those that they use more than once.
  ///
  /// @param roots by their names
  /// @return names that begin with the prefix, and then the roots, in an order in which each uses those before it
  public final Map<String, String> lines(Map<String, Expr> roots) {
    List<Expr> all = List.copyOf(roots.values());
    Map<Expr, Integer> uses = Lowering.uses(all);
    Map<String, String> lines = new LinkedHashMap<>();
    for (Expr node : Expr.nodes(all)) {
      if (node instanceof Apply && uses.getOrDefault(node, 0) > 1) {
        String text = written(node, SUM);
        names.put(node, prefix + (lines.size() + 1));
        lines.put(prefix + (lines.size() + 1), text);
      }
    }
    roots.forEach((name, root) -> lines.put(name, print(root, SUM)));
    return lines;
  }

  /// A function that is no operator.
  protected String call(Apply a) {
    StringBuilder text = new StringBuilder(a.fn().text()).append('(');
    for (int i = 0; i < a.args().size(); i++) {
      text.append(i == 0 ? "" : ", ").append(print(a.arg(i)));
    }
    return text.append(')').toString();
  }

  /// An input or a parameter.
  protected String leaf(Leaf leaf) {
    return leaf.name();
  }

  /// An argument between commas.
  protected final String print(Expr e) {
    return print(e, SUM);
  }

  /// An argument.
  ///
  /// @param least how tightly it must bind to stand without parentheses, such as [#ATOM]
  protected final String print(Expr e, int least) {
    String name = names.get(e);
    return name == null ? written(e, least) : name;
  }

  private String written(Expr e, int least) {
    int level = level(e);
    String text = switch (e) {
      case Apply a -> text(a);
      case Leaf leaf -> leaf(leaf);
      case Num number -> number.toString();
    };
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
      return print(u, ATOM) + power + "2";
    }
    Expr v = a.args().getLast();
    return switch (a.fn()) {
      case ADD -> print(u, SUM) + " + " + print(v, PRODUCT);
      case SUB -> print(u, SUM) + " - " + print(v, PRODUCT);
      case MUL -> print(u, PRODUCT) + " * " + print(v, SIGN);
      case DIV -> print(u, PRODUCT) + " / " + print(v, SIGN);
      case NEG -> "-" + print(u, SIGN);
      case POW -> print(u, ATOM) + power + print(v, SIGN);
      default -> call(a);
    };
  }
}
