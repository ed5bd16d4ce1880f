/// Runs of a study on a cluster of Apache Spark. It knows nothing of Norma but its command line.
@NullMarked
package norma.cluster;

import org.jspecify.annotations.NullMarked;
