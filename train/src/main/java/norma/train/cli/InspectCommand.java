package norma.train.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import norma.train.run.Checkpoint;
import norma.train.run.RunFolder;
import norma.train.run.Session;
import norma.train.run.SlotRecording;
import norma.train.study.Inspection;
import norma.train.study.StudyReport;
import norma.train.study.Transplant;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/// `norma inspect`.
@Command(name = "inspect", mixinStandardHelpOptions = true, description = "What the normalization slots of a trained model do: shape of their curves, saturation, and how near DyT and DyISRU come.", footer = {
    "",
    "1/std of the slot's input; alpha that DyT or Derf learned; share of inputs in the flat part (|u| > 2 of the squashing function's "
        + "argument) and in the linear part (|u| < 1); for DyT and DyISRU the parameter that fits best, and the mean residual of the largest 1 %% of "
        + "the inputs and of the rest." })
final class InspectCommand implements Callable<Integer> {
  @ParentCommand
  private Main main;

  @Parameters(paramLabel = "RUN", description = "A run folder.")
  private Path run;

  @Option(names = "--sequences", paramLabel = "N", description = "Windows of training text to look at. Default: 16.")
  private int sequences = 16;

  @Option(names = "--transplant", description = "Puts the fitted functions in the place of LayerNorm and RMSNorm, slot by slot and all together, and evaluates.")
  private boolean transplant;

  @Option(names = "--fine-tune", paramLabel = "STEPS", description = "With --transplant: trains each on for so many steps with min_lr, and evaluates again. Default: 0.")
  private int fineTune;

  @Override
  public Integer call() throws IOException {
    if (sequences < 1 || sequences > 10_000) {
      throw new IllegalArgumentException("--sequences is " + sequences + "; expected 1 to 10000");
    }
    if (fineTune < 0) {
      throw new IllegalArgumentException("--fine-tune is " + fineTune + "; expected 0 steps or more");
    }
    RunFolder folder = RunFolder.open(run);
    Checkpoint checkpoint = Checkpoint.open(run);
    Console console = new Console();
    try (Session session = Session.resume(folder.config(List.of()), Path.of(""), checkpoint, main.debug())) {
      folder.requireSameText(session);
      Inspection inspection = Inspection.of(SlotRecording.of(session, sequences));
      if (inspection.slots().isEmpty()) {
        throw new IllegalArgumentException(run + " has no normalization in any slot: nothing to inspect");
      }
      console.line("%s, step %d, %d windows of %d characters", checkpoint.folder(), checkpoint.step(), sequences,
          session.config().model().context());
      inspection.lines().forEach(console::text);
      if (!Double.isNaN(inspection.correlation())) {
        console.line("correlation of alpha and 1/std over the slots: %s",
            String.format(Locale.ROOT, "%.3f", inspection.correlation()));
      }
      if (transplant || fineTune > 0) {
        console.text("");
        Transplant.lines(new Transplant(session, fineTune).all(inspection), fineTune).forEach(console::text);
      }
      console.line("report   %s", StudyReport.writeInspection(inspection, run));
    }
    return 0;
  }
}
