/// Studies: variants of a configuration, trained with the same seeds and compared in pairs. The reader, the folder with its processes, the
/// statistics, and the tables and pages that show them live here. Looking into a trained model is the business of `norma.train.inspect`;
/// printing is that of the command line.
@NullMarked
package norma.train.study;

import org.jspecify.annotations.NullMarked;
