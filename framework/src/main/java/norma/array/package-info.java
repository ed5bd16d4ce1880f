/// Arrays without mathematics: shapes on memory that a backend owns.
@NullMarked
package norma.array;

import org.jspecify.annotations.NullMarked;
