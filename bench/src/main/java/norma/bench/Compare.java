package norma.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import norma.bench.TorchSetting.Blas;
import norma.bench.Trials.Model;
import norma.train.cli.Main;
import norma.train.config.Assignment;
import norma.train.files.Installation;
import norma.train.run.Environment;
import norma.train.run.Machine;
import norma.train.run.Session;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/// `bench/compare`: Norma and PyTorch on the same shapes, corpus and machine, in alternating blocks of steps. Each side is a
/// process of its own with its own best environment; while one runs, the other waits for input.
@Command(name = "bench/compare", sortOptions = false, usageHelpWidth = 110, description = "Trains the same models with Norma and with PyTorch (libtorch, eager, its best settings), alternating between the two, and prints both speeds and peak memories.", footer = {
    "",
    "The losses of the first three steps must agree within 1e-4, or the exit code is 1.",
    "Logs of both sides: bench/target/compare/." })
public final class Compare implements Callable<Integer> {
  private static final int DIFFERENT = 1;

  @Option(names = "--shapes", split = ",", paramLabel = "S,M", description = "Shapes: S is nanoGPT's model for a CPU, M its model for a GPU. Default: S.")
  private List<String> shapes = List.of("S");

  @Option(names = "--norms", split = ",", paramLabel = "NORM", description = "Norm types. Default: all five.")
  private List<String> norms = Operands.NORMS;

  @Option(names = "--blocks", paramLabel = "N", description = "Blocks of steps of each side. Default: 8.")
  private int blocks = Shape.S.blocks();

  @Option(names = "--steps-per-block", paramLabel = "N", description = "Default: 25 for S, 1 for M.")
  private @Nullable Integer stepsPerBlock;

  @Option(names = "--warmup", paramLabel = "N", description = "Steps before the first block, 3 or more. Default: 100 for S, 4 for M.")
  private @Nullable Integer warmup;

  @Option(names = "--corpus", paramLabel = "FILE", description = "A UTF-8 text, or builtin:NAME. Default: builtin:dickens.")
  private String corpus = "builtin:dickens";

  @Option(names = "--backend", paramLabel = "NAME", description = "Norma's runtime.backend. Default: auto.")
  private String backend = "auto";

  @Option(names = "--set", paramLabel = "KEY=VALUE", description = "A setting of Norma's configuration, for both sides: --set model.context=256.")
  private List<String> settings = List.of();

  @Option(names = "--blas", split = ",", paramLabel = "mkl|openblas", description = "Where PyTorch's products come from. Default: the faster one, measured at the start.")
  private List<Blas> libraries = List.of(Blas.values());

  @Option(names = "--torch-threads", paramLabel = "N", description = "Threads of PyTorch's. Default: all cores, or the half and so on where that is faster.")
  private @Nullable Integer torchThreads;

  @Option(names = "--torch-env", paramLabel = "NAME=VALUE", description = "Changes PyTorch's environment, to try other settings.")
  private Map<String, String> torchEnvironment = Map.of();

  @Option(names = "--out", paramLabel = "FILE", description = "Also writes the figures: .csv, or else JSON with every step.")
  private @Nullable Path out;

  @Option(names = { "-h", "--help" }, usageHelp = true, description = "Show this help.")
  @SuppressWarnings("UnusedVariable") // picocli reads it
  private boolean help;

  @CommandLine.Spec
  private CommandLine.Model.CommandSpec spec;

  private final Path logs = Installation.file("bench/target/compare");

  /// Runs the command line and exits with its code.
  public static void main(String[] args) {
    System.exit(commandLine().execute(args));
  }

  static CommandLine commandLine() {
    CommandLine line = new CommandLine(new Compare()).setCaseInsensitiveEnumValuesAllowed(true);
    line.setParameterExceptionHandler(Main::wrongUsage);
    line.setExecutionExceptionHandler((e, command, parsed) -> Main.said("bench/compare", e).orElseThrow(() -> e));
    return line;
  }

  @Override
  public Integer call() throws IOException {
    List<Shape> chosen = shapes.stream().map(this::shape).toList();
    check(chosen);
    Files.createDirectories(logs);
    CompareReport report = new CompareReport();
    Trials trials = new Trials(logs, torchEnvironment, report);
    describe(chosen, report);
    trials.peak();
    Map<Shape, TorchSetting> torch = new HashMap<>();
    for (Shape shape : chosen) {
      torch.put(shape, choose(shape, trials, report));
    }
    for (Shape shape : chosen) {
      for (String norm : norms) {
        System.out.print(report.add(trials.steps(model(shape, norm), Objects.requireNonNull(torch.get(shape)))));
        if (out != null) { // what was measured before a later comparison fails
          report.write(out);
        }
      }
    }
    return report.agrees() ? 0 : DIFFERENT;
  }

  private TorchSetting choose(Shape shape, Trials trials, CompareReport report) {
    int most = torchThreads == null ? Runtime.getRuntime().availableProcessors() : torchThreads;
    TorchChoice choice = TorchChoice.of(libraries, most, torchThreads == null ? 1 : most,
        (one, other) -> trials.round(model(shape, norms.getFirst()), one, other));
    report.fact("PyTorch at " + shape, choice.toString());
    report.fact("  told at " + shape, choice.best().environment(Machine.flags(), torchEnvironment).toString());
    return choice.best();
  }

  /// Fails now rather than in a child, in the middle of a long table.
  private void check(List<Shape> chosen) {
    require("--blocks", blocks, 1);
    require("--torch-threads", torchThreads == null ? 1 : torchThreads, 1);
    require("--steps-per-block", stepsPerBlock == null ? 1 : stepsPerBlock, 1);
    require("--warmup", warmup == null ? Comparison.FIRST_STEPS : warmup, Comparison.FIRST_STEPS);
    for (Shape shape : chosen) {
      norms.forEach(norm -> Session.corpus(StepServer.config(model(shape, norm).settings())));
    }
    Path folder = out == null ? null : out.toAbsolutePath().getParent();
    if (folder != null && !Files.isDirectory(folder)) {
      throw wrong("--out is " + out + ", but there is no folder " + folder);
    }
  }

  private Shape shape(String name) {
    Shape shape = switch (name) {
      case "S" -> Shape.S;
      case "M" -> Shape.M;
      default -> throw wrong("there is no shape '" + name + "'; expected S or M");
    };
    return shape.with(warmup == null ? shape.warmup() : warmup, blocks,
        stepsPerBlock == null ? shape.steps() : stepsPerBlock);
  }

  private void require(String option, int value, int least) {
    if (value < least) {
      throw wrong(option + " is " + value + "; expected " + least + " or more");
    }
  }

  private ParameterException wrong(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  private Model model(Shape shape, String norm) {
    List<String> all = new ArrayList<>(shape.settings());
    all.add("model.norm.all=" + norm);
    all.add(Assignment.text("data.corpus", corpus));
    all.add("runtime.backend=" + backend);
    all.addAll(settings);
    return new Model(shape, norm, all);
  }

  private void describe(List<Shape> chosen, CompareReport report) {
    report.fact("date",
        LocalDateTime.now(ZoneId.systemDefault()).format(DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm", Locale.ROOT)));
    report.fact("commit", Environment.commit());
    report.fact("machine", Machine.cpu() + ", " + Runtime.getRuntime().availableProcessors() + " cores, "
        + Machine.vectors() + "; " + Environment.jdk());
    report.fact("bindings", "org.bytedeco:pytorch " + System.getProperty("norma.bench.pytorch", "unknown"));
    report.fact("load", String.format(Locale.ROOT, "%.2f at the start, with nothing of this running",
        ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage()));
    report.fact("corpus", corpus);
    chosen.forEach(shape -> report.fact("shape " + shape.name(), shape.description()));
    report.fact("settings", settings.isEmpty() ? "none besides the shape's" : String.join(" ", settings));
    report.fact("method", blocks
        + " alternating blocks, float32, same initial values and batches; losses of the first "
        + Comparison.FIRST_STEPS + " steps must agree within " + Comparison.LOSS_TOLERANCE);
  }
}
