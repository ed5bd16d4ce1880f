/// One training run: setting it up, the loop, what it measures and what it leaves behind.
@NullMarked
package norma.train.run;

import org.jspecify.annotations.NullMarked;
