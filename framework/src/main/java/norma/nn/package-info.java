/// Layers and normalization types: they declare parameters and apply operations to a tape. No layer computes by itself.
///
/// Shapes: B batch, T time, C width (channels), H heads, D head width, V vocabulary, R = B*T rows.
@NullMarked
package norma.nn;

import org.jspecify.annotations.NullMarked;
