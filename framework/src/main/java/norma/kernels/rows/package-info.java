/// Kernels of the CPU that are made from formulas and routines: [norma.kernels.rows.RowEmitter] writes a plan as machine code,
/// [norma.kernels.rows.PlainRows] computes it where that cannot run, [norma.kernels.rows.RowKernels] calls them.
///
/// Sums over channels run in 32 or 16 lanes that are added up by halves, whatever the length of the vectors: the bits are the same with
/// AVX2, with AVX-512 and in plain Java, and do not depend on threads.
@NullMarked
package norma.kernels.rows;

import org.jspecify.annotations.NullMarked;
