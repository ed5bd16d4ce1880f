package norma.fuzz;

import java.io.IOException;
import norma.train.metrics.Metrics;

/// A run's `metrics.jsonl`: within less heap than a report of it takes.
public final class MetricsFuzz {
  private static final Input INPUT = new Input(Metrics.FILE, 2000);

  private MetricsFuzz() {}

  /// Jazzer's entry.
  public static void fuzzerTestOneInput(byte[] data) {
    INPUT.read(data, _ -> Metrics.read(INPUT.folder()), IOException.class);
  }
}
