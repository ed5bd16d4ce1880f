package norma.train.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import norma.train.config.Range;
import norma.train.config.RunConfig;
import norma.train.disk.Errors;
import norma.train.disk.WholeFile;
import norma.train.run.Checkpoint;
import norma.train.run.RunFolder;
import norma.train.run.SavedRun;
import norma.train.run.Session;
import norma.train.run.SlotRecording;
import norma.train.study.Inspection;
import norma.train.study.StudyReport;
import norma.train.study.Transplant;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/// `norma inspect`.
@Command(name = "inspect", mixinStandardHelpOptions = true, description = "What the normalization slots of a trained model do: shape of their curves, saturation, and how near DyT and DyISRU come.", footer = {
    "",
    "1/std of the slot's input; alpha that DyT or Derf learned; share of inputs in the flat part (|u| > 2 of the squashing function's "
        + "argument) and in the linear part (|u| < 1); for DyT and DyISRU the parameter that fits best, and the mean residual of the largest 1 %% of "
        + "the inputs and of the rest." })
final class InspectCommand implements Callable<Integer> {
  private static final Range SEQUENCES = Range.whole(1, 10_000);
  private static final Range FINE_TUNE = Range.whole(0, RunConfig.Train.MAX_STEPS); // after as many of the run

  @ParentCommand
  private Main main;

  @Mixin
  private RunArgument run = new RunArgument();

  @Option(names = "--out", paramLabel = "FILE", description = "Where the report goes. Default: inspect.html in the run's folder.")
  private @Nullable Path out;

  @Option(names = "--sequences", paramLabel = "N", description = "Windows of training text to look at. Default: 16.")
  private int sequences = 16;

  @Option(names = "--transplant", description = "Puts the fitted functions in the place of LayerNorm and RMSNorm, slot by slot and all together, and evaluates.")
  private boolean transplant;

  @Option(names = "--fine-tune", paramLabel = "STEPS", description = "With --transplant: trains each on for so many steps with min_lr, and evaluates again. Default: 0.")
  private int fineTune;

  @Override
  public Integer call() throws IOException {
    SEQUENCES.check("--sequences", sequences);
    FINE_TUNE.check("--fine-tune", fineTune);
    SavedRun saved = run.saved();
    RunFolder folder = saved.folder();
    Checkpoint checkpoint = saved.checkpoint();
    Console console = new Console();
    Path report = out == null ? folder.path().resolve("inspect.html") : out;
    boolean writable = writable(report, console);
    try (Session session = Session.resume(folder.config(List.of()), Path.of(""), checkpoint, main.debug())) {
      folder.requireSameText(session);
      Inspection inspection = Inspection.of(SlotRecording.of(session, sequences));
      if (inspection.slots().isEmpty()) {
        throw new IllegalArgumentException(folder.path() + " has no normalization in any slot: nothing to inspect");
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
      if (writable) {
        StudyReport.writeInspection(inspection, folder.path(), report);
        console.line("report   %s", report);
      }
    }
    return 0;
  }

  /// Says before anything is computed that the report cannot be written. Where nobody asked for its place, the rest is worth having.
  private boolean writable(Path report, Console console) throws IOException {
    try {
      WholeFile.probe(report);
      return true;
    } catch (IOException e) {
      if (out != null) {
        throw e;
      }
      console.warn("no report: " + Errors.line(e) + "; --out FILE puts it elsewhere");
      return false;
    }
  }
}
