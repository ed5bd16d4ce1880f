/// Optimization: update, clipping, learning-rate schedule.
@NullMarked
package norma.optim;

import org.jspecify.annotations.NullMarked;
