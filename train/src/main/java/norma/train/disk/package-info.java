/// The file operations that a run's safety depends on, behind one interface.
@NullMarked
package norma.train.disk;

import org.jspecify.annotations.NullMarked;
