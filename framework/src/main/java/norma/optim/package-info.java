/// Optimization: updates, clipping, learning-rate schedule. It works on flat buffers of parameters; what a step of training consists of is
/// the business of `norma.train`.
@NullMarked
package norma.optim;

import org.jspecify.annotations.NullMarked;
