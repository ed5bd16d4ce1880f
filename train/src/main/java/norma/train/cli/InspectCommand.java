package norma.train.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import norma.nn.NormSpec;
import norma.nn.NormTypes;
import norma.train.config.ConfigReader;
import norma.train.config.Range;
import norma.train.config.RunConfig;
import norma.train.inspect.FormulaFit;
import norma.train.inspect.Inspection;
import norma.train.inspect.Transplant;
import norma.train.run.Checkpoint;
import norma.train.run.RunFolder;
import norma.train.run.SavedRun;
import norma.train.run.Session;
import norma.train.run.SlotRecording;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/// `norma inspect`.
@Command(name = "inspect", mixinStandardHelpOptions = true, description = "What the normalization slots of a trained model do: shape of their curves, saturation, and how near element-wise functions come. The report is inspect.html in the run's folder.", footer = {
    "", "What the table has of each slot:",
    "1/std of the slot's input; the numbers that its formula has learned; the slope of its squashing function's argument u (DyT's alpha); share "
        + "of inputs in the flat part (|u| > 2, of a clamp |u| > 1) and in the linear part (|u| < 1); for each function that is fitted the "
        + "numbers that fit best, and the mean residual of the largest 1 %% of the inputs and of the rest. A slot without a squashing function "
        + "has the shares of the first that is fitted." })
final class InspectCommand implements Callable<Integer> {
  private static final Range SEQUENCES = Range.whole(1, 10_000);
  private static final Range FINE_TUNE = Range.whole(0, RunConfig.Train.MAX_STEPS); // after as many of the run

  @ParentCommand
  private Main main;

  @Mixin
  private RunAndSettings run = new RunAndSettings();

  @Mixin
  private PageOption page = new PageOption();

  @Option(names = "--sequences", paramLabel = "N", description = "Windows of training text to look at. Default: 16.")
  private int sequences = 16;

  @Option(names = "--fit", paramLabel = "NORM", description = "An element-wise function to fit to every slot: a type, or \"{y: weight * x / (1 + abs(a * x)), a: 1}\". May be given several times. Default: dyt and dyisru.")
  private List<String> fits = List.of();

  @Option(names = "--transplant", description = "Puts the fitted functions in the place of LayerNorm, RMSNorm and their like, slot by slot and all together, and evaluates.")
  private boolean transplant;

  @Option(names = "--fine-tune", paramLabel = "STEPS", description = "With --transplant: trains each on for so many steps with min_lr, and evaluates again. Default: 0.")
  private int fineTune;

  @Override
  public Integer call() throws IOException {
    SEQUENCES.check("--sequences", sequences);
    FINE_TUNE.check("--fine-tune", fineTune);
    List<NormSpec> fitted = fitted();
    SavedRun saved = run.saved();
    RunFolder folder = saved.folder();
    Checkpoint checkpoint = saved.checkpoint();
    Console console = new Console();
    Optional<Path> report = page.place(folder.path().resolve("inspect.html"), console);
    try (Session session = checkpoint.session(run.config(folder), main.debug())) {
      folder.requireSameText(session);
      Inspection inspection = Inspection.of(SlotRecording.of(session, sequences), fitted);
      if (inspection.slots().isEmpty()) {
        throw new IllegalArgumentException(folder.path() + " has no normalization in any slot: nothing to inspect");
      }
      console.line("%s, step %d, %d windows of %d %s", checkpoint.folder(), checkpoint.step(), sequences,
          session.config().model().context(), session.config().data().token().words());
      inspection.lines().forEach(console::text);
      if (!Double.isNaN(inspection.correlation())) {
        console.line("correlation of the slope (learned, or of the first fit) and 1/std over the slots: %.3f",
            inspection.correlation());
      }
      if (report.isPresent()) {
        inspection.write(folder.path(), report.get());
        console.line("report   %s", report.get());
      }
      if (transplant || fineTune > 0) {
        console.text("");
        Transplant.lines(new Transplant(session, fineTune).all(inspection), fineTune).forEach(console::text);
      }
    }
    return 0;
  }

  private List<NormSpec> fitted() {
    ConfigReader reader = new ConfigReader(NormTypes.all());
    List<NormSpec> fitted = fits.stream().map(text -> reader.norm(text, List.of())).toList();
    for (NormSpec spec : fitted) {
      FormulaFit.target(spec, "", 1);
      if (transplant || fineTune > 0) {
        Transplant.check(spec);
      }
    }
    return fitted.isEmpty() ? FormulaFit.PUBLISHED : fitted;
  }
}
