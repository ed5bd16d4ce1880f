package norma.train.run;

import java.nio.file.Path;
import norma.models.CostModel;
import norma.train.metrics.Event;
import org.apache.logging.log4j.LogManager;

/// Hears of a training run's progress, to show it to people.
public interface TrainObserver {

  /// Everything is ready; the first step follows.
  default void started(Session session, CostModel cost, Path folder) {}

  /// A step is done. Called at every step, with what the log would say.
  default void stepped(Event.Step step) {}

  /// An evaluation is done.
  ///
  /// @param best whether its validation loss is the lowest so far
  default void evaluated(Event.Eval eval, boolean best) {}

  /// A sample was generated.
  default void sampled(Event.Sample sample) {}

  /// Something went wrong that the run survives; one line.
  default void warned(String message) {
    LogManager.getLogger(TrainObserver.class).warn(message);
  }

  /// The run is over, diverged or not, and its log and its files are written.
  default void ended(Event.End end, Path folder, double seconds) {}
}
