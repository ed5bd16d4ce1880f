/// Fused float32 kernels for host memory, of machine code. [norma.kernels.cpu.ProductEngine] chooses its instructions; where none can run, it
/// says why, and the backend `nd4j` computes.
///
/// **Products** are made of [norma.kernels.cpu.Tiles]: machine code that [norma.kernels.cpu.TileCode] assembles for the CPU at hand
/// (`docs/decisions/0009-machine-code.md`).
///
/// **All else** is formulas over rows, made in [norma.kernels.rows] (`docs/decisions/0010-formulas.md`): normalizations and activations from
/// what a user may write, the others from a [norma.formula.Routine] each, which stands beside the code that calls it.
@NullMarked
package norma.kernels.cpu;

import org.jspecify.annotations.NullMarked;
