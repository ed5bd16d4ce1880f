/// Speed of single kernels: each against its ND4J definition and against a copy of the same bytes.
@NullMarked
package norma.bench.kernels;

import org.jspecify.annotations.NullMarked;
