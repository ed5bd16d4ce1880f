package norma.train.metrics;

/// Somebody who shows a run in another way than `metrics.jsonl` does. It sees what the log gets, in the same order, and changes
/// nothing.
public interface RunView {
  /// Nobody.
  RunView NONE = new RunView() {
  };

  /// The log has got an event.
  default void append(Event event) {}

  /// The numbers that enter a slot at a probe, whose [Event.Norm] follows. They belong to the probe.
  default void input(String slot, double[] numbers) {}
}
