@NullMarked
package norma.array;

import org.jspecify.annotations.NullMarked;
