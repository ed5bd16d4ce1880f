/// Kernels of the CPU that are made from formulas and routines: [norma.kernels.rows.RowEmitter] writes a plan as machine code,
/// [norma.kernels.rows.RowKernels] calls it. What a formula means is the business of [norma.formula].
///
/// Sums over channels run in 32 or 16 lanes that are added up by halves, whatever the length of the vectors: the bits are the same with
/// AVX2 and with AVX-512, and do not depend on threads.
@NullMarked
package norma.kernels.rows;

import org.jspecify.annotations.NullMarked;
