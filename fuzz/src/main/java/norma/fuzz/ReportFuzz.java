package norma.fuzz;

import java.io.IOException;
import norma.train.metrics.Metrics;
import norma.train.report.RunReport;

/// The report of a run with a strange `metrics.jsonl`: a page or one line, and not a large page of a few lines.
public final class ReportFuzz {
  private static final Input INPUT = new Input(Metrics.FILE, 100_000);

  private ReportFuzz() {}

  /// Jazzer's entry.
  public static void fuzzerTestOneInput(byte[] data) {
    INPUT.read(data, file -> {
      RunReport.write(INPUT.folder());
      return true;
    }, IOException.class);
  }
}
