/// Differentiable operations: a record of constants each, forward and backward side by side.
@NullMarked
package norma.ops;

import org.jspecify.annotations.NullMarked;
