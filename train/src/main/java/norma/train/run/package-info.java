/// One training run: its model and text, the loop, what it measures, its folder with log and checkpoints, and how it goes on after a
/// stop or a crash. A run hands its events to a [norma.train.run.TrainObserver] and to `metrics.jsonl`; it writes no report and prints
/// nothing, and knows neither commands nor studies.
@NullMarked
package norma.train.run;

import org.jspecify.annotations.NullMarked;
