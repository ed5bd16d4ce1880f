/// The primitives that a GPT needs, each forward with its backward beside it, and the backends that own them: interfaces, the records that
/// they are called with, and one list of calls for those who check or measure them. Each implementation is a room of its own below this
/// package, and none depends on another.
///
/// Shapes: B batch, T time, C width (channels), H heads, D = C/H head width, V vocabulary, R = B*T rows, K and N inner
/// and outer width of a product.
@NullMarked
package norma.kernels;

import org.jspecify.annotations.NullMarked;
