/// `norma norms`: views of a normalization's formula, for the terminal and the documentation.
/// Facts come from the formula alone, digits and speed from its kernels on a backend.
/// Formulas and their mathematics live in the framework.
@NullMarked
package norma.train.norms;

import org.jspecify.annotations.NullMarked;
