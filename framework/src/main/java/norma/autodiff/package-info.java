/// Parameters, their flat buffers, and the tape that differentiates through operations. The tape knows what an operation is, and none by name.
@NullMarked
package norma.autodiff;

import org.jspecify.annotations.NullMarked;
