package norma.formula;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import norma.formula.Expr.Apply;
import norma.formula.Expr.Num;
import norma.formula.Expr.Space;

/// What a kernel does for each row: passes over its elements, one for each level of statistics.
///
/// What is a number or varies over channels only is the caller's: the formulas below the rows are computed before a call, those above
/// after it.
///
/// @param passes   in order
/// @param numbers  that the caller gives
/// @param channels vectors that the caller gives
/// @param kept     values of rows that another kernel has left
/// @param slots    values of rows that passes leave to each other
/// @param sums     over rows, of elements: a vector each
/// @param totals   over rows, of values of rows: a number each
public record Plan(List<Pass> passes, List<Expr> numbers, List<Expr> channels, List<Expr> kept, List<Expr> slots,
    List<Apply> sums, List<Apply> totals) {

  /// One pass.
  ///
  /// @param before values of a row to compute first
  /// @param sinks  what becomes of an element
  /// @param after  values of a row to compute after it, in order
  /// @param totals values of a row to add up over rows
  public record Pass(List<Expr> before, List<Sink> sinks, List<Expr> after, List<Apply> totals) {}

  /// What becomes of an element.
  ///
  /// @param value the element
  /// @param node  the statistic or sum over rows that takes it; for an output the value itself
  /// @param output place among the elements that are written, or -1
  public record Sink(Expr value, Expr node, int output) {

    /// Whether it is taken to a statistic of its row.
    public boolean statistic() {
      return output < 0 && !is(Fn.ROWS);
    }

    /// Whether it is taken by this function.
    public boolean is(Fn fn) {
      return output < 0 && ((Apply) node).fn() == fn;
    }
  }

  /// @param elements  lowered; written for every element
  /// @param others    lowered; values of rows, and what is computed with sums over rows, whose sums are
  /// @param available values of rows that another kernel can leave
  static Plan of(List<Expr> elements, List<Expr> others, Collection<Expr> available) {
    return new Builder(available).build(elements, others);
  }

  private static final class Builder {
    private final Set<Expr> available = new LinkedHashSet<>();
    private final Set<Expr> kept = new LinkedHashSet<>();
    private final Set<Expr> numbers = new LinkedHashSet<>();
    private final Set<Expr> channels = new LinkedHashSet<>();
    private final Set<Expr> slots = new LinkedHashSet<>();
    private final Map<Expr, Integer> levels = new HashMap<>();
    private final Map<Integer, List<Sink>> sinks = new TreeMap<>();

    Builder(Collection<Expr> available) {
      this.available.addAll(available);
    }

    Plan build(List<Expr> elements, List<Expr> others) {
      List<Apply> sums = new ArrayList<>();
      List<Apply> totals = new ArrayList<>();
      List<Expr> all = new ArrayList<>(elements);
      all.addAll(others);
      List<Expr> order = Expr.nodes(all);
      for (Expr node : order) {
        if (node instanceof Apply a && a.fn() == Fn.ROWS) {
          (a.arg(0).space() == Space.POINT ? sums : totals).add(a);
          level(a.arg(0));
        }
      }
      for (Expr other : others) {
        if (other.space() == Space.ROW) {
          level(other);
          slots.add(other);
        }
      }
      for (Expr element : elements) {
        level(element);
        if (element.space() == Space.ROW && !available.contains(element)) {
          slots.add(element);
        }
      }
      for (Apply sum : sums) {
        sink(level(sum.arg(0)), new Sink(sum.arg(0), sum, -1));
      }
      List<Expr> ordered = new ArrayList<>(); // arguments first
      for (Expr node : order) {
        if (slots.contains(node)) {
          ordered.add(node);
          if (node instanceof Apply a && a.fn().statistic()) {
            sink(level(a) - 1, new Sink(a.arg(0), a, -1));
          }
        }
      }
      for (int i = 0; i < elements.size(); i++) {
        sink(level(elements.get(i)), new Sink(elements.get(i), elements.get(i), i));
      }
      List<Pass> passes = new ArrayList<>();
      sinks.forEach((level, list) -> passes.add(pass(level, passes.isEmpty(), list, ordered, totals)));
      return new Plan(passes, List.copyOf(numbers), List.copyOf(channels), List.copyOf(kept), ordered, sums, totals);
    }

    private Pass pass(int level, boolean first, List<Sink> list, List<Expr> ordered, List<Apply> totals) {
      List<Expr> before = new ArrayList<>();
      List<Expr> after = new ArrayList<>();
      for (Expr slot : ordered) {
        if (!(slot instanceof Apply a && a.fn().statistic())) {
          if (first && level(slot) == 0) {
            before.add(slot);
          } else if (level(slot) == level + 1) {
            after.add(slot);
          }
        }
      }
      List<Apply> ends = new ArrayList<>();
      for (Apply total : totals) {
        if (Math.max(1, level(total.arg(0))) == level + 1) {
          ends.add(total);
        }
      }
      return new Pass(before, list, after, ends);
    }

    private void sink(int level, Sink sink) {
      sinks.computeIfAbsent(level, _ -> new ArrayList<>()).add(sink);
    }

    /// The number of statistics in a row that a value must wait for; finds what the caller and the rows provide on the way.
    private int level(Expr e) {
      Integer known = levels.get(e);
      if (known != null) {
        return known;
      }
      int level = 0;
      if (available.contains(e)) {
        kept.add(e);
      } else if (!e.space().rows()) {
        if (!(e instanceof Num)) {
          (e.space() == Space.NUMBER ? numbers : channels).add(e);
        }
      } else if (e instanceof Apply a) {
        for (Expr arg : a.args()) {
          level = Math.max(level, level(arg));
          if (a.space() == Space.POINT && arg.space() == Space.ROW && !available.contains(arg)) {
            slots.add(arg);
          }
        }
        if (a.fn().statistic()) {
          level++;
          slots.add(a);
        }
      }
      levels.put(e, level);
      return level;
    }
  }
}
