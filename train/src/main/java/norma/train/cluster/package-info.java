/// Work that Apache Spark does on other machines: what is started for it, what travels, and where Spark's own jars come from. The driver is a
/// process of its own (module `cluster`), so no class of Spark's is seen here.
@NullMarked
package norma.train.cluster;

import org.jspecify.annotations.NullMarked;
