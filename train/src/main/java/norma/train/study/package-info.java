/// Studies: variants of a configuration, trained with the same seeds and compared in pairs.
@NullMarked
package norma.train.study;

import org.jspecify.annotations.NullMarked;
