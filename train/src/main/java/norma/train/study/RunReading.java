package norma.train.study;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import norma.train.report.Event;
import norma.train.report.Metrics;

/// What a study's pages need of a run's `metrics.jsonl`, without its many training steps.
///
/// @param evals  evaluations
/// @param norms  probes of the normalization slots
/// @param layers times of each layer
record RunReading(List<Event.Eval> evals, List<Event.Norm> norms, List<Event.Layers> layers) {
  static final RunReading NOTHING = new RunReading(List.of(), List.of(), List.of());

  RunReading {
    evals = List.copyOf(evals);
    norms = List.copyOf(norms);
    layers = List.copyOf(layers);
  }

  static RunReading of(Path run) throws IOException {
    Metrics metrics = Metrics.read(run);
    return new RunReading(metrics.of(Event.Eval.class), metrics.of(Event.Norm.class),
        metrics.of(Event.Layers.class));
  }
}
