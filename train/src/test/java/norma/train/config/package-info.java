@NullMarked
package norma.train.config;

import org.jspecify.annotations.NullMarked;
