package norma.train.study;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import norma.train.metrics.Event;
import norma.train.metrics.Median;
import norma.train.metrics.Metrics;

/// The part of a run's `metrics.jsonl` that a study's pages need, without the many training steps.
///
/// @param startLoss  before any update, or in the first steps that were taken together; nats per token
/// @param stepMillis median of the logged steps
/// @param evals      evaluations
/// @param norms      probes of the normalization slots
/// @param layers     times of each layer
record RunReading(double startLoss, double stepMillis, List<Event.Eval> evals, List<Event.Norm> norms,
    List<Event.Layers> layers) {
  static final RunReading NOTHING = new RunReading(Double.NaN, Double.NaN, List.of(), List.of(), List.of());

  RunReading {
    evals = List.copyOf(evals);
    norms = List.copyOf(norms);
    layers = List.copyOf(layers);
  }

  /// The validation loss at the end, as the curve has it: an estimate where the curve is one. NaN without evaluations.
  double lastLoss() {
    return evals.isEmpty() ? Double.NaN : evals.getLast().valLoss();
  }

  static RunReading of(Path run) throws IOException {
    Metrics metrics = Metrics.read(run);
    List<Event.Step> steps = metrics.of(Event.Step.class);
    double startLoss = steps.isEmpty() ? Double.NaN : steps.getFirst().loss();
    double stepMillis = Median.of(steps.stream().mapToDouble(Event.Step::stepMillis).toArray());
    return new RunReading(startLoss, stepMillis, metrics.of(Event.Eval.class), metrics.of(Event.Norm.class),
        metrics.of(Event.Layers.class));
  }
}
