/// Fused float32 kernels for host memory: products by machine code; softmax, cross-entropy, AdamW, sums and dropout with the JDK's Vector
/// API, which no other package uses. Norms and activations are formulas and made in [norma.kernels.rows].
///
/// **Products** are made of [norma.kernels.vector.Tiles]: machine code that [norma.kernels.vector.TileCode] assembles for the CPU at hand, or
/// plain Java, with the same bits. [norma.kernels.vector.ProductEngine] chooses and says why (`docs/decisions/0009-machine-code.md`).
///
/// **Vector API**: each family is one file with forward and backward side by side. Offsets are `long`: a sum of what stays the same in a
/// loop and of a constant times the loop's `int`, from which HotSpot proves the bounds once before the loop. The last columns that do
/// not fill a vector are scalar.
///
/// With more than about 25 vector operations in one compilation HotSpot stops inlining them, every vector becomes an object and
/// the kernel ten times slower. So the innermost loops are in classes whose names end in `Loops`, which callers must not
/// absorb: the launcher and the tests say so by `-XX:CompileCommand=dontinline,*Loops::*`. The other way round, a load or a
/// store that HotSpot happens to have compiled on its own stays a call, and its vector an object: `inline,...Vectors::*` and
/// `...::*Here`, helpers of loops, forbid that. Without the flags the results are the same.
@NullMarked
package norma.kernels.vector;

import org.jspecify.annotations.NullMarked;
