/// The profiler: where the time of a training step goes, and what bounds it.
/// It measures steps of [norma.train.run], counts their work, and writes tables, pages and a trace.
/// Clocks live in the run's recorder; charts and tables in the report.
@NullMarked
package norma.train.profile;

import org.jspecify.annotations.NullMarked;
