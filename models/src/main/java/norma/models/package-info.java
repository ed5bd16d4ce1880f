/// The GPT, its normalization slots and its cost model.
@NullMarked
package norma.models;

import org.jspecify.annotations.NullMarked;
