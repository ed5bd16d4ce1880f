/// Shapes without numbers: a model run on this backend shows its operations, from which cost models count. Nothing here computes.
@NullMarked
package norma.kernels.tracing;

import org.jspecify.annotations.NullMarked;
