/// Files, and the texts in them: operations that survive a crash, names, hashes, JSON, and text that a terminal or a shell may
/// get. Nothing here knows of runs, models or configurations.
@NullMarked
package norma.train.files;

import org.jspecify.annotations.NullMarked;
