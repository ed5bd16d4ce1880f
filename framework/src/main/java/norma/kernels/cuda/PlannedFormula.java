package norma.kernels.cuda;

import java.util.List;
import norma.formula.Expr;
import norma.formula.Expr.Apply;
import norma.formula.Fn;
import norma.formula.Formula;
import norma.formula.Plan;

/// What the kernels of a formula do, for rows of one width.
///
/// @param kept      values of rows that forward leaves for backward
/// @param gradients of each parameter
/// @param joint     whether one of these needs sums over rows of other columns than its own
/// @param number    among all formulas and widths
record PlannedFormula(Formula formula, int width, List<Expr> kept, List<Expr> gradients, boolean joint, RowWork forward,
    RowWork backward, int number) {

  /// @param widest elements of 16 bytes
  static PlannedFormula of(Formula formula, int width, int widest, int number) {
    Formula.Kernels kernels = formula.kernels(false);
    int points = formula.inputs().size();
    List<Expr> gradients = kernels.gradients().subList(points, kernels.gradients().size());
    Plan backward = kernels.backward(kernels.gradients().subList(0, points), gradients);
    return new PlannedFormula(formula, width, kernels.kept(), gradients,
        gradients.stream().anyMatch(PlannedFormula::joint),
        RowWork.of(kernels.forward(), false, kernels.kept(), points, width, widest),
        RowWork.of(backward, true, List.of(), points, width, widest), number);
  }

  private static boolean joint(Expr gradient) {
    return Expr.nodes(List.of(gradient)).stream().anyMatch(e -> e instanceof Apply a && a.fn().statistic()
        && !a.space().rows() && Expr.nodes(a.args()).stream().anyMatch(PlannedFormula::ofRows));
  }

  private static boolean ofRows(Expr e) {
    return e instanceof Apply a && a.fn() == Fn.ROWS;
  }
}
