package norma.train.cli;

import java.util.Locale;
import norma.train.study.CellResult;
import norma.train.study.Headline;
import norma.train.study.StabilityCard;
import norma.train.study.StabilityText;
import norma.train.study.Study;
import norma.train.study.StudyFolder;
import norma.train.study.StudyProgress;
import norma.train.study.StudySummary;
import norma.train.study.SummaryText;
import norma.train.study.WorkerProcesses;

/// A study in a terminal: a line for each run that ends, below them how far the study is, and its tables.
record StudyLines(StudyFolder folder, Console console) implements WorkerProcesses.Listener {

  @Override
  public void ended(int number, Study.Cell cell, CellResult result) {
    console.line("%4d/%-4d %s", number, folder.study().runs(), words(folder.study(), cell, result));
  }

  @Override
  public void waiting(StudyProgress progress, double seconds) {
    console.status(words(progress) + "  " + Console.time(seconds) + "  ETA "
        + (Double.isNaN(progress.secondsLeft()) ? "after the first steps" : Console.time(progress.secondsLeft())));
  }

  /// How a run ended.
  static String words(Study study, Study.Cell cell, CellResult result) {
    return String.format(Locale.ROOT, "%-32s seed %-6d %s",
        cell.variant().name() + (cell.tuning() ? " " + cell.candidate().label() : ""), cell.seed(), result.completed()
            ? String.format(Locale.ROOT, "best%s %.4f at %d, final %.4f, %s", study.estimates() ? " (estimate)" : "",
                result.bestLoss(), result.bestStep(), result.finalLoss(), Console.time(result.seconds()))
            : result.status() + ": " + result.error());
  }

  /// How far the study is.
  String words(StudyProgress progress) {
    return String.format(Locale.ROOT, "%d of %d runs%s", progress.ended(), folder.study().runs(),
        progress.underWay() == 0
            ? ""
            : String.format(Locale.ROOT, ", %d under way (%.0f %%)", progress.underWay(), 100 * progress.share()));
  }

  /// What was found.
  void table(StudySummary summary) {
    console.text(SummaryText.terminal(summary));
    console.text("");
    StabilityCard stability = StabilityCard.of(folder);
    if (!stability.sweeps().isEmpty()) {
      console.text(StabilityText.terminal(stability));
      console.text("");
    }
    console.text(Headline.of(summary));
    SummaryText.remarks(summary).forEach(remark -> console.text("* " + remark));
  }
}
