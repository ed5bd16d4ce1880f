/// Layers and normalization types. Shapes: B batch, T time, C width (channels), H heads, D head width, V vocabulary,
/// R = B*T rows.
@NullMarked
package norma.nn;

import org.jspecify.annotations.NullMarked;
