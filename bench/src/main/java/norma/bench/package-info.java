/// Norma beside PyTorch. Not in the default build.
@NullMarked
package norma.bench;

import org.jspecify.annotations.NullMarked;
