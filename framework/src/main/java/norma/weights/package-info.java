/// Weight files in the format safetensors: reading, within bounds that a hostile file cannot pass, and writing. Which parameters a model has
/// is not known here.
@NullMarked
package norma.weights;

import org.jspecify.annotations.NullMarked;
