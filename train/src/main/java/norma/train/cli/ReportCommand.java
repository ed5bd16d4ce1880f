package norma.train.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import norma.train.report.RunReport;
import norma.train.run.RunException;
import norma.train.run.RunFolder;
import norma.train.study.StudyFile;
import norma.train.study.StudyFolder;
import norma.train.study.StudyReport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// `norma report`.
@Command(name = "report", mixinStandardHelpOptions = true, description = {
    "Builds the report of a run or a study again, from its folder alone.",
    "They are report.html and loss.svg of a run; results.csv, summary.md and report.html of a study." })
final class ReportCommand implements Callable<Integer> {
  @Parameters(paramLabel = "RUN | STUDY", description = "A run's or a study's folder, the beginning of its name, or last for the newest.")
  private Path path;

  @Override
  public Integer call() throws IOException {
    path = StoredWork.runOrStudy(path);
    if (StudyFile.isIn(path)) {
      StudyFile file = StudyFile.read(path);
      StudyReport.write(new StudyFolder(file.study(), path), file.command());
    } else if (Files.isDirectory(path.resolve("cells"))) {
      throw new RunException(path + " is a study's folder without study.json: it was made by an older build; "
          + "norma study with the study's file writes it");
    } else {
      path = RunFolder.open(path).path();
      RunReport.write(path);
    }
    new Console().line("report   %s", path.resolve("report.html"));
    return 0;
  }
}
