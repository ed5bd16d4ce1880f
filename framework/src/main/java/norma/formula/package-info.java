/// Formulas: a line of text is the whole definition of a normalization or an activation, and its gradient, its definition over
/// arrays, and its kernels follow from the tree that it is parsed to.
///
/// Every value has two bits: whether it varies over rows (tokens) and whether over channels, an [norma.formula.Expr.Space]. Joining is OR,
/// a statistic clears channels, a sum over rows clears rows. Broadcasting, the order of statistics, and where gradients are summed follow.
@NullMarked
package norma.formula;

import org.jspecify.annotations.NullMarked;
