package norma.kernels.cuda;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import norma.formula.Expr;
import norma.formula.Expr.Apply;
import norma.formula.Expr.Space;
import norma.formula.Fn;
import norma.formula.Plan;
import norma.formula.Plan.Pass;
import norma.formula.Plan.Sink;

/// A plan as a warp follows it: first what the elements need to know of their row, by a pass for each level of statistics, then one
/// pass over all that is made of elements. The first is empty for a formula without statistics.
///
/// @param backward whether it makes gradients
/// @param lanes    how they lie over the row
/// @param passes   statistics and values of a row
/// @param values   of the row that the last pass reads, of those that the passes compute
/// @param outputs  elements that are written
/// @param sums     over rows, of elements
/// @param totals   over rows and channels
/// @param elements all that the last pass makes
record RowWork(Plan plan, boolean backward, Lanes lanes, List<Pass> passes, List<Expr> values, List<Expr> outputs,
    List<Expr> sums, List<Total> totals, List<Expr> elements) {

  /// Elements of a row with statistics that a lane holds in registers.
  private static final int MOST = 32;
  /// The same where any piece of the row is as good, or where what varies over channels is held as well.
  static final int FEW = 16;
  /// Vectors of sums that registers have room for beside a row of that length.
  private static final int MOST_SUMS = 3;

  /// A number that is added up over all rows.
  ///
  /// @param element of which it is the sum, times the factors; else it is the sum of the row's value
  /// @param factors numbers
  record Total(Apply node, Optional<Expr> element, List<Expr> factors) {}

  /// @param leaves values of a row that the passes must compute in any case
  /// @param points of its inputs vary over elements; more of them leave room for fewer elements of each
  /// @param widest elements of the widest access to memory
  static RowWork of(Plan plan, boolean backward, Collection<Expr> leaves, int points, int width, int widest) {
    List<Expr> outputs = plan.passes().stream().flatMap(pass -> pass.sinks().stream())
        .filter(sink -> sink.output() >= 0).sorted(Comparator.comparingInt(Sink::output)).map(Sink::value).toList();
    List<Expr> sums = plan.sums().stream().map(sum -> sum.arg(0)).toList();
    List<Total> totals = plan.totals().stream().map(RowWork::total).toList();
    List<Expr> elements = new ArrayList<>(outputs);
    elements.addAll(sums);
    totals.forEach(total -> total.element.ifPresent(elements::add));
    Set<Expr> read = new LinkedHashSet<>();
    Expr.nodes(elements, a -> a.space() == Space.POINT).stream().filter(e -> e.space() == Space.ROW).forEach(read::add);
    totals.stream().filter(total -> total.element.isEmpty()).forEach(total -> read.add(total.node.arg(0)));
    List<Expr> wanted = new ArrayList<>(elements);
    wanted.addAll(leaves);
    wanted.addAll(read);
    Set<Expr> needed = new HashSet<>(Expr.nodes(wanted, a -> a.space().rows() && !plan.kept().contains(a)));
    needed.removeAll(Set.copyOf(plan.kept()));
    List<Pass> passes = new ArrayList<>();
    for (Pass pass : plan.passes()) {
      List<Sink> statistics = pass.sinks().stream().filter(s -> s.statistic() && needed.contains(s.node())).toList();
      List<Expr> before = pass.before().stream().filter(needed::contains).toList();
      List<Expr> after = pass.after().stream().filter(needed::contains).toList();
      if (!statistics.isEmpty() || !before.isEmpty() || !after.isEmpty()) {
        passes.add(new Pass(before, statistics, after, List.of()));
      }
    }
    read.removeAll(plan.kept());
    Lanes lanes = Lanes.of(width, (passes.isEmpty() || sums.size() > MOST_SUMS ? FEW : MOST) / points, widest);
    return new RowWork(plan, backward, lanes, passes, List.copyOf(read), outputs, sums, totals, elements);
  }

  /// Whether values of a row are made before, by loops of their own: the row is too long for registers, and its pieces wait for each other.
  boolean apart() {
    return !passes.isEmpty() && lanes.pieces() > 1;
  }

  /// Values of a row that lie in memory meanwhile.
  List<Expr> slots() {
    return apart() ? values : List.of();
  }

  /// Blocks side by side that share a row.
  int across() {
    return apart() ? 1 : lanes.pieces();
  }

  /// Blocks that work on a multiprocessor at the same time.
  int blocks() {
    int free = backward && !sums.isEmpty() ? 2 : 4;
    return lanes.held() <= FEW ? free : backward ? 1 : 2;
  }

  /// A sum over rows and channels need not know the sums of single rows.
  private static Total total(Apply node) {
    List<Expr> factors = new ArrayList<>();
    Expr e = node.arg(0);
    while (e instanceof Apply a && a.fn() == Fn.MUL && a.args().stream().anyMatch(x -> x.space() == Space.NUMBER)) {
      boolean first = a.arg(0).space() == Space.NUMBER;
      factors.add(a.arg(first ? 0 : 1));
      e = a.arg(first ? 1 : 0);
    }
    return e instanceof Apply a && a.fn() == Fn.SUM && a.arg(0).space() == Space.POINT
        ? new Total(node, Optional.of(a.arg(0)), factors)
        : new Total(node, Optional.empty(), List.of());
  }
}
