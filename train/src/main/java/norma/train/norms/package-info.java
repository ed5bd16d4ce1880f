/// What is known of a normalization: views of its formula, for `norma norms` and the documentation.
@NullMarked
package norma.train.norms;

import org.jspecify.annotations.NullMarked;
