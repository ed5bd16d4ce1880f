package norma.formula;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import norma.formula.Expr.Num;
import org.jspecify.annotations.Nullable;

/// Text to tree, strictly: what is wrong is said in one line with its place.
final class Parser {
  private static final int LONGEST = 400;
  private static final int DEEPEST = 40;

  private final Graph g;
  private final String text;
  private final Map<String, Expr> names;
  private final boolean table;
  private final Set<String> used = new HashSet<>();
  private int at;
  private int depth;

  private Parser(Graph g, String text, Map<String, Expr> names, boolean table) {
    this.g = g;
    this.text = text;
    this.names = names;
    this.table = table;
  }

  /// A formula.
  ///
  /// @param names what they stand for
  /// @param must  those that must be used
  /// @throws IllegalArgumentException with the place of what is wrong
  static Expr parse(Graph g, String text, Map<String, Expr> names, Iterable<String> must) {
    Parser p = new Parser(g, text, names, false);
    p.alphabet();
    if (text.length() > LONGEST) {
      throw new IllegalArgumentException("a formula has at most " + LONGEST + " characters, not " + text.length());
    }
    Expr result = p.all();
    for (String name : must) {
      if (!p.used.contains(name)) {
        throw new IllegalArgumentException("\"" + text + "\" does not use " + name);
      }
    }
    return result;
  }

  /// Refuses what the language has no use for before any of the text stands in a message.
  private void alphabet() {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '=') {
        throw new IllegalArgumentException(
            "column " + (i + 1) + ": a formula is what stands right of the =, without y =");
      }
      if (!letter(c) && !digit(c) && " .+-*/^(),".indexOf(c) < 0) {
        throw new IllegalArgumentException(String.format(Locale.ROOT,
            "column %d: U+%04X is no character of a formula, which has letters, digits, spaces and _ . + - * / ^ ( ) ,",
            i + 1, text.codePointAt(i)));
      }
    }
  }

  /// A row of the table of functions.
  static Expr row(Graph g, String text, @Nullable Expr y, List<Expr> u) {
    Map<String, Expr> names = new HashMap<>();
    names.put("width", g.width());
    for (int i = 0; i < u.size(); i++) {
      names.put("uvw".substring(i, i + 1), u.get(i));
    }
    if (y != null) {
      names.put("y", y);
    }
    return line(g, text, names);
  }

  /// Of Norma itself, which may use all functions.
  static Expr line(Graph g, String text, Map<String, Expr> names) {
    return new Parser(g, text, names, true).all();
  }

  private Expr all() {
    Expr e = sum();
    if (peek() != 0) {
      throw error("expected an operator" + starHint(), at);
    }
    return e;
  }

  private Expr sum() {
    Expr a = product();
    while (peek() == '+' || peek() == '-') {
      a = text.charAt(at++) == '+' ? g.add(a, product()) : g.sub(a, product());
    }
    return a;
  }

  private Expr product() {
    Expr a = sign();
    while (peek() == '*' || peek() == '/') {
      int place = at;
      if (text.charAt(at++) == '*') {
        a = g.mul(a, sign());
      } else {
        Expr b = sign();
        if (Graph.is(b, 0)) {
          throw error("division by 0", place);
        }
        a = g.div(a, b);
      }
    }
    return a;
  }

  private Expr sign() {
    if (++depth > DEEPEST) {
      throw error("nested more than " + DEEPEST + " deep", at);
    }
    Expr e;
    if (peek() == '-') {
      at++;
      e = g.neg(sign());
    } else {
      e = power();
    }
    depth--;
    return e;
  }

  private Expr power() {
    Expr base = atom();
    if (peek() != '^') {
      return base;
    }
    int place = ++at;
    if (!(sign() instanceof Num n)) {
      throw error("the exponent must be a constant", place);
    }
    return g.apply(Fn.POW, base, n);
  }

  private Expr atom() {
    char c = peek();
    int place = at;
    if (c == '(') {
      at++;
      Expr e = sum();
      expect(')');
      return e;
    }
    if (digit(c) || c == '.') {
      return number(place);
    }
    if (!letter(c)) {
      String hint = c == '*' ? ": a power is written ^" : "";
      throw error(c == 0 ? "the formula ends too early" : "unexpected '" + c + "'" + hint, place);
    }
    while (at < text.length() && (letter(text.charAt(at)) || digit(text.charAt(at)))) {
      at++;
    }
    String name = text.substring(place, at);
    if (peek() == '(' && (Fn.named(name) != null || !names.containsKey(name))) {
      return call(name, place);
    }
    Expr value = names.get(name);
    if (value == null) {
      throw unknown(name, place);
    }
    used.add(name);
    return value;
  }

  private Expr number(int place) {
    while (at < text.length()) {
      char c = text.charAt(at);
      boolean exponent = (c | 32) == 'e';
      boolean sign = (c == '+' || c == '-') && (text.charAt(at - 1) | 32) == 'e';
      if (!digit(c) && c != '.' && !exponent && !sign) {
        break;
      }
      at++;
    }
    try {
      double value = Double.parseDouble(text.substring(place, at));
      if (Math.abs(value) <= Float.MAX_VALUE) {
        return g.num(value);
      }
    } catch (NumberFormatException _) {
      // said below
    }
    throw error("not a number of float32: " + text.substring(place, at), place);
  }

  private Expr call(String name, int place) {
    Fn fn = table ? Fn.valueOf(name.toUpperCase(java.util.Locale.ROOT)) : Fn.named(name);
    if (fn == null) {
      throw unknown(name, place);
    }
    List<Expr> args = new ArrayList<>();
    do {
      at++;
      args.add(sum());
    } while (peek() == ',');
    expect(')');
    if (args.size() != fn.arity()) {
      throw error(name + " takes " + fn.arity() + (fn.arity() == 1 ? " argument" : " arguments") + ", not "
          + args.size(), place);
    }
    if (fn.statistic() && !args.getFirst().space().channels()) {
      throw error(name + " of what does not vary over channels", place);
    }
    if (fn.statistic() && args.size() > 1 && args.get(1).space().channels()) {
      throw error("the second argument of " + name + " varies over channels", place);
    }
    return g.apply(fn, args);
  }

  private char peek() {
    while (at < text.length() && text.charAt(at) == ' ') {
      at++;
    }
    return at < text.length() ? text.charAt(at) : 0;
  }

  private void expect(char c) {
    if (peek() != c) {
      throw error("expected '" + c + "'" + starHint(), at);
    }
    at++;
  }

  /// What may be meant where another operand follows.
  private String starHint() {
    char c = peek();
    return letter(c) || digit(c) || c == '(' ? "; a product is written with *" : "";
  }

  static boolean isName(String text) {
    return text.matches("[a-zA-Z_][a-zA-Z0-9_]{0,31}");
  }

  private static boolean letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  }

  private static boolean digit(char c) {
    return c >= '0' && c <= '9';
  }

  private IllegalArgumentException unknown(String name, int place) {
    if (Fn.named(name) != null) {
      return error(name + " is a function: " + name + "(...)", place);
    }
    boolean learns = names.containsKey("weight"); // others are of constants, or of x alone
    if (name.equals("u") && names.containsKey("x")) {
      return error("u is no input here, only x"
          + (learns ? "; a parameter of that name needs its start, for example u: 0.5" : ""), place);
    }
    Set<String> known = new TreeSet<>(names.keySet());
    known.addAll(Fn.names());
    String nearest = "";
    int least = name.length() == 1 ? 0 : 2 * Math.max(2, name.length() / 2) + 1; // any two letters are near
    for (String candidate : known) {
      int distance = 2 * distance(name, candidate) + (name.charAt(0) == candidate.charAt(0) ? 0 : 1);
      if (distance < least) {
        least = distance;
        nearest = candidate;
      }
    }
    String own = name.equals("y") ? "alpha" : name; // the formula's key
    String start = (own.equals(name)
        ? "; a parameter needs"
        : "; y is the formula itself, and a parameter needs another name and")
        + " its start, " + own + ": 0.5 in a file, " + own + "=0.5 on a command line";
    String others = peek() == '('
        ? "; functions: " + String.join(", ", Fn.names())
        : learns ? start : "; known here: " + String.join(", ", new TreeSet<>(names.keySet()));
    return error("unknown name " + name + (nearest.isEmpty() ? others : "; nearest: " + nearest), place);
  }

  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j < row.length; j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int corner = row[0]++;
      for (int j = 1; j <= b.length(); j++) {
        int next = Math.min(Math.min(row[j], row[j - 1]) + 1, corner + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1));
        corner = row[j];
        row[j] = next;
      }
    }
    return row[b.length()];
  }

  private IllegalArgumentException error(String what, int place) {
    return new IllegalArgumentException("column " + (place + 1) + " of \"" + text + "\": " + what);
  }
}
