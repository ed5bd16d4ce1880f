/// Weight files.
@NullMarked
package norma.weights;

import org.jspecify.annotations.NullMarked;
