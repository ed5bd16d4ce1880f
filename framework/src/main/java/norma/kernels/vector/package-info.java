/// Fused float32 kernels for host memory, written with the JDK's Vector API: the only package that uses it.
///
/// Each family is one file with forward and backward side by side. Loops run over `int` indices of bounded segments; the last
/// columns that do not fill a vector are scalar. Methods stay small: with about 40 vector operations in one compilation
/// HotSpot stops inlining them and every vector becomes an object.
@NullMarked
package norma.kernels.vector;

import org.jspecify.annotations.NullMarked;
