/// Arrays without mathematics: shapes on memory that a backend owns, and their element types. What computes with them lies above.
@NullMarked
package norma.array;

import org.jspecify.annotations.NullMarked;
