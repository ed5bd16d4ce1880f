package norma.train.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import norma.train.report.RunReport;
import norma.train.run.RunFolder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// `norma report`.
@Command(name = "report", mixinStandardHelpOptions = true, description = "Builds report.html and loss.svg of a run again.")
final class ReportCommand implements Callable<Integer> {
  @Parameters(paramLabel = "RUN", description = "A run folder.")
  private Path run;

  @Override
  public Integer call() throws IOException {
    RunReport.write(RunFolder.open(run).path());
    new Console().line("report  %s", run.resolve("report.html"));
    return 0;
  }
}
