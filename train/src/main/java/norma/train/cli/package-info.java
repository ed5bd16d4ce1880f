/// The command line: the only place that writes to standard output.
@NullMarked
package norma.train.cli;

import org.jspecify.annotations.NullMarked;
