/// Parameters and the tape that differentiates through operations.
@NullMarked
package norma.autodiff;

import org.jspecify.annotations.NullMarked;
