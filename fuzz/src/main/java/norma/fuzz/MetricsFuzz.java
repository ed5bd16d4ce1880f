package norma.fuzz;

import java.io.IOException;
import norma.train.metrics.Event;
import norma.train.metrics.Metrics;

/// A run's `metrics.jsonl`, and what is asked of it.
public final class MetricsFuzz {
  private static final Input INPUT = new Input(Metrics.FILE, 2000);

  private MetricsFuzz() {}

  /// Jazzer's entry.
  public static void fuzzerTestOneInput(byte[] data) {
    INPUT.read(data, file -> {
      Metrics metrics = Metrics.read(INPUT.folder());
      for (Class<? extends Event> type : java.util.List.of(Event.Step.class, Event.Eval.class, Event.Norm.class)) {
        Input.require(metrics.of(type).size() <= metrics.events().size(), "more events than lines");
      }
      Input.require(!metrics.state().isEmpty() || metrics.last(Event.End.class).isPresent(), "no state");
      return metrics.wallSeconds();
    }, IOException.class);
  }
}
