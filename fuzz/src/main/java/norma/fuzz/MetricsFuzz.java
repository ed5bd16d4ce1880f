package norma.fuzz;

import java.io.IOException;
import norma.train.metrics.Metrics;

/// A run's `metrics.jsonl`, and what lists of runs ask of it.
public final class MetricsFuzz {
  private static final Input INPUT = new Input(Metrics.FILE, 2000);

  private MetricsFuzz() {}

  /// Jazzer's entry.
  public static void fuzzerTestOneInput(byte[] data) {
    INPUT.read(data, _ -> {
      Metrics metrics = Metrics.read(INPUT.folder());
      return metrics.state() + metrics.tokensPerSecond() + metrics.wallSeconds();
    }, IOException.class);
  }
}
