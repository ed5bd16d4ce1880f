package norma.kernels.cuda;

import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import norma.formula.Expr;
import norma.formula.Expr.Apply;
import norma.formula.Fn;
import norma.formula.Formula;
import norma.formula.Plan;

/// What the kernels of a formula do, for rows of one width.
///
/// @param kept    values of rows that forward leaves for backward
/// @param gradients of x and of each parameter
/// @param widest  elements of 16 bytes
/// @param number  among all formulas and widths
record Printed(Formula formula, int width, List<Expr> kept, List<Expr> gradients, RowWork forward, RowWork backward,
    int widest, int number) {
  /// Elements of a row with statistics that a lane holds in registers.
  private static final int MOST = 32;
  /// The same where any piece of the row is as good, or where what varies over channels is held as well.
  static final int FEW = 16;

  /// Vectors of sums that registers have room for beside a row of that length.
  private static final int MOST_SUMS = 3;

  static Printed of(Formula formula, int width, int widest, int number) {
    Formula.Kernels kernels = formula.kernels(false);
    List<Expr> gradients = kernels.gradients();
    Plan backward = kernels.backward(true, false, gradients.subList(1, gradients.size()));
    return new Printed(formula, width, kernels.kept(), gradients,
        RowWork.of(kernels.forward(), false, outputs(kernels.forward()), kernels.kept()),
        RowWork.of(backward, true, outputs(backward), List.of()), widest, number);
  }

  private static List<Expr> outputs(Plan plan) {
    return plan.passes().stream().flatMap(pass -> pass.sinks().stream()).filter(sink -> sink.output() >= 0)
        .sorted(Comparator.comparingInt(Plan.Sink::output)).map(Plan.Sink::value).toList();
  }

  Expr gradient(int parameter) {
    return gradients.get(parameter + 1);
  }

  Lanes forwardLanes() {
    return lanes(forward);
  }

  Lanes backwardLanes() {
    return lanes(backward);
  }

  private Lanes lanes(RowWork work) {
    return Lanes.of(width, work.passes().isEmpty() || work.sums().size() > MOST_SUMS ? FEW : MOST, widest);
  }

  /// Blocks that work on a multiprocessor at the same time.
  int forwardBlocks() {
    return forwardLanes().held() <= FEW ? 4 : 2;
  }

  /// The same of backward.
  int backwardBlocks() {
    return backwardLanes().held() > FEW ? 1 : backward.sums().isEmpty() ? 4 : 2;
  }

  /// Blocks side by side that share a row: pieces of a row with statistics wait for each other.
  int across(RowWork work) {
    return work.passes().isEmpty() ? lanes(work).pieces() : 1;
  }

  /// Rows' values that do not stay in registers.
  int slots(RowWork work) {
    return !work.passes().isEmpty() && lanes(work).pieces() > 1 ? work.values().size() : 0;
  }

  /// Whether a parameter's gradient needs sums over rows of other columns than its own.
  boolean finishedAlone() {
    Predicate<Apply> sum = a -> a.fn() == Fn.ROWS;
    Predicate<Apply> ofSums = a -> !a.space().rows() && a.fn().statistic() && any(a, sum, new HashSet<>());
    return gradients.subList(1, gradients.size()).stream().anyMatch(e -> any(e, ofSums, new HashSet<>()));
  }

  private static boolean any(Expr e, Predicate<Apply> is, Set<Expr> seen) {
    return e instanceof Apply a && seen.add(e)
        && (is.test(a) || a.args().stream().anyMatch(arg -> any(arg, is, seen)));
  }
}
