package norma.train.cli;

import java.nio.file.Path;
import norma.train.metrics.Event;
import norma.train.report.RunReport;
import norma.train.run.TrainObserver;

/// Shows a run's folder once it has ended, for a script that goes on with it.
record QuietProgress(Console console) implements TrainObserver {
  @Override
  public void warned(String message) {
    console.warn(message);
  }

  @Override
  public void ended(Event.End end, Path folder, double seconds) {
    RunReport.write(folder, this::warned);
    if (!end.reason().equals("diverged")) {
      console.text(folder.toString());
    }
  }
}
