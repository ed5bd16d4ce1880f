/// The language of a run: the events of `metrics.jsonl`, written and read, the same events for TensorBoard, and the median of
/// measured numbers. Nothing here knows how a run computes, or how a report looks.
@NullMarked
package norma.train.metrics;

import org.jspecify.annotations.NullMarked;
