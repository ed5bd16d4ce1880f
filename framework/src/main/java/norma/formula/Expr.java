package norma.formula;

import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/// A node of a formula. Nodes are made by a [Graph], equal ones once: they are compared by identity.
public sealed interface Expr {

  /// What its value varies over.
  Space space();

  /// All nodes of some expressions, arguments first, each once: a walk of them takes the time of its nodes, however often they are shared.
  static List<Expr> nodes(Collection<? extends Expr> roots) {
    return nodes(roots, _ -> true);
  }

  /// Those nodes that are reached through some functions only.
  ///
  /// @param through whether the arguments of a function are walked
  static List<Expr> nodes(Collection<? extends Expr> roots, Predicate<Apply> through) {
    Set<Expr> nodes = new LinkedHashSet<>();
    roots.forEach(root -> visit(root, through, nodes));
    return List.copyOf(nodes);
  }

  private static void visit(Expr node, Predicate<Apply> through, Set<Expr> nodes) {
    if (!nodes.contains(node)) {
      if (node instanceof Apply a && through.test(a)) {
        a.args().forEach(arg -> visit(arg, through, nodes));
      }
      nodes.add(node);
    }
  }

  /// A constant.
  record Num(double value) implements Expr {
    @Override
    public Space space() {
      return Space.NUMBER;
    }

    @Override
    public String toString() {
      return value == Math.rint(value) && Math.abs(value) < 1e15 ? Long.toString((long) value) : Double.toString(value);
    }
  }

  /// `x`, `u`, `dy`, `slope_x` (what forward may keep instead of x), `width`, or a parameter.
  record Leaf(String name, Space space) implements Expr {
    @Override
    public String toString() {
      return name;
    }
  }

  /// A function of other nodes.
  record Apply(Fn fn, List<Expr> args, Space space) implements Expr {

    /// Argument i.
    public Expr arg(int i) {
      return args.get(i);
    }

    @Override
    @SuppressWarnings("ReferenceEquality") // arguments are unique already: no recursion
    public boolean equals(Object o) {
      if (!(o instanceof Apply a) || fn != a.fn || args.size() != a.args.size()) {
        return false;
      }
      for (int i = 0; i < args.size(); i++) {
        if (args.get(i) != a.args.get(i)) {
          return false;
        }
      }
      return true;
    }

    @Override
    public int hashCode() {
      int hash = fn.hashCode();
      for (Expr arg : args) {
        hash = 31 * hash + System.identityHashCode(arg);
      }
      return hash;
    }

    @Override
    public String toString() {
      return Printer.text(this);
    }
  }

  /// What a value varies over.
  enum Space {
    /// A number.
    NUMBER(false, false),
    /// A number for each token (R).
    ROW(true, false),
    /// A vector (C).
    CHANNEL(false, true),
    /// Every element (R, C).
    POINT(true, true);

    private final boolean rows;
    private final boolean channels;

    Space(boolean rows, boolean channels) {
      this.rows = rows;
      this.channels = channels;
    }

    static Space of(boolean rows, boolean channels) {
      return rows ? channels ? POINT : ROW : channels ? CHANNEL : NUMBER;
    }

    /// Whether it varies over rows.
    public boolean rows() {
      return rows;
    }

    /// Whether it varies over channels.
    public boolean channels() {
      return channels;
    }

    Space join(Space other) {
      return of(rows || other.rows, channels || other.channels);
    }

    Space without(Space other) {
      return of(rows && !other.rows, channels && !other.channels);
    }

    int index() {
      return (rows ? 1 : 0) + (channels ? 2 : 0);
    }
  }
}
