/// Random numbers that are functions of their index. What draws them, and from which stream, stands with the callers.
@NullMarked
package norma.random;

import org.jspecify.annotations.NullMarked;
