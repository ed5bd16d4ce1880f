@NullMarked
package norma.train.data;

import org.jspecify.annotations.NullMarked;
