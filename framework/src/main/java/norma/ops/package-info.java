/// Differentiable operations: a record of constants each, forward and backward side by side, and what each costs. They check what they are
/// given, allocate outputs and call kernels. They know no backend, no tape and no parameter.
@NullMarked
package norma.ops;

import org.jspecify.annotations.NullMarked;
