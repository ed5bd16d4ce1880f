/// The definition: every kernel as a composition of ND4J's operations, readable first, in float32 and float64. Other backends are checked
/// against it. Nothing here is written for speed, and no other room of the kernels depends on it.
@NullMarked
package norma.kernels.nd4j;

import org.jspecify.annotations.NullMarked;
