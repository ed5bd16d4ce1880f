/// Fused float32 kernels for host memory, of machine code or in plain Java with the same bits. [norma.kernels.vector.ProductEngine] chooses
/// and says why.
///
/// **Products** are made of [norma.kernels.vector.Tiles]: machine code that [norma.kernels.vector.TileCode] assembles for the CPU at hand, or
/// plain Java (`docs/decisions/0009-machine-code.md`).
///
/// **All else** is formulas over rows, made in [norma.kernels.rows] (`docs/decisions/0010-formulas.md`): normalizations and activations from
/// what a user may write, the others from a [norma.formula.Routine] each, which stands beside the code that calls it.
@NullMarked
package norma.kernels.vector;

import org.jspecify.annotations.NullMarked;
