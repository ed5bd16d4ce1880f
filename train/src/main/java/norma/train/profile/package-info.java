/// Where the time of a training step goes, and what bounds it.
@NullMarked
package norma.train.profile;

import org.jspecify.annotations.NullMarked;
