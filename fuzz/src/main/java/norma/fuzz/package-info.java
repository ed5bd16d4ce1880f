/// Targets of the coverage-guided fuzzer Jazzer: everything that Norma reads from a file that somebody else may have written. A target
/// fails when reading ends in anything but a result or one line for the user, when it allocates more than a multiple of
/// the input, or when what was read does not come back the same. `fuzz/run` starts them.
@NullMarked
package norma.fuzz;

import org.jspecify.annotations.NullMarked;
