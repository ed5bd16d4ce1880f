package norma.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import norma.bench.Comparison.Agreement;
import norma.bench.Comparison.Sample;
import norma.bench.Contender.Step;
import norma.train.config.ConfigException;
import norma.train.config.RunConfig;
import norma.train.data.DataException;
import norma.train.run.Environment;
import norma.train.run.Machine;
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
  private static final int USAGE = 2;
  private static final int FAILED = 3;

  /// Waiting threads that spin steal time from those that work, and blocks that malloc gives back cost a page fault for
  /// every 4 KiB when they are taken again; on a CPU with AVX-512, libtorch's OpenBLAS takes a kernel for older ones unless
  /// told: together up to 16 times the time of a step (measured for ARCHITECTURE.md section 8).
  private static final Map<String, String> TORCH_ENVIRONMENT = Map.of("OMP_WAIT_POLICY", "PASSIVE", "GLIBC_TUNABLES",
      "glibc.malloc.mmap_threshold=4294967296:glibc.malloc.trim_threshold=40000000000");
  private static final Map<String, String> AVX512_ENVIRONMENT = Map.of("OPENBLAS_CORETYPE", "SKYLAKEX");

  @Option(names = "--shapes", split = ",", paramLabel = "S,M", description = "Shapes: S is nanoGPT's model for a CPU, M its model for a GPU. Default: S.")
  private List<String> shapes = List.of("S");

  @Option(names = "--norms", split = ",", paramLabel = "NORM", description = "Norm types. Default: all five.")
  private List<String> norms = List.of("layernorm", "rmsnorm", "dyt", "dyisru", "derf");

  @Option(names = "--blocks", paramLabel = "N", description = "Blocks of steps of each side. Default: 8.")
  private int blocks = 8;

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

  @Option(names = "--busy", paramLabel = "N", description = "Busy processes beside both sides. Default: 0.")
  private int busy;

  @Option(names = "--torch-env", paramLabel = "NAME=VALUE", description = "Changes PyTorch's environment, to try other settings.")
  private Map<String, String> torchEnvironment = Map.of();

  @Option(names = "--out", paramLabel = "FILE", description = "Also writes the figures: .csv, or else JSON with every step.")
  private @Nullable Path out;

  @Option(names = { "-h", "--help" }, usageHelp = true, description = "Show this help.")
  @SuppressWarnings("UnusedVariable") // picocli reads it
  private boolean help;

  @CommandLine.Spec
  private CommandLine.Model.CommandSpec spec;

  private final CompareReport report = new CompareReport();
  private final Path logs = Path.of(System.getProperty("norma.home", "."), "bench", "target", "compare");

  /// Runs the command line and exits with its code.
  public static void main(String[] args) {
    CommandLine line = new CommandLine(new Compare());
    line.setParameterExceptionHandler((e, arguments) -> failed(USAGE, e));
    line.setExecutionExceptionHandler((e, command, parsed) -> switch (e) {
      case ConfigException config -> failed(USAGE, config);
      case DataException data -> failed(FAILED, data);
      case CompareException compare -> failed(FAILED, compare);
      case IOException io -> failed(FAILED, io);
      default -> throw e;
    });
    System.exit(line.execute(args));
  }

  private static int failed(int code, Exception e) {
    System.err.println("bench/compare: " + String.valueOf(e.getMessage()).lines().findFirst().orElse("")
        + (e instanceof ParameterException ? "; see bench/compare --help" : ""));
    return code;
  }

  @Override
  public Integer call() throws IOException {
    List<Shape> chosen = shapes.stream().map(this::shape).toList();
    require("--blocks", blocks, 1);
    require("--busy", busy, 0);
    require("--steps-per-block", stepsPerBlock == null ? 1 : stepsPerBlock, 1);
    require("--warmup", warmup == null ? Comparison.FIRST_STEPS : warmup, Comparison.FIRST_STEPS);
    for (Shape shape : chosen) {
      norms.forEach(norm -> check(settings(shape, norm)));
    }
    Path folder = out == null ? null : out.toAbsolutePath().getParent();
    if (folder != null && !Files.isDirectory(folder)) {
      throw wrong("--out is " + out + ", but there is no folder " + folder);
    }
    Files.createDirectories(logs);
    describe(chosen);
    measurePeak();
    try (BusyLoops _ = new BusyLoops(busy)) {
      for (Shape shape : chosen) {
        for (String norm : norms) {
          Comparison row = compare(shape, norm);
          if (report.isEmpty()) {
            System.out.print(report.header() + "\n" + CompareReport.TABLE_HEAD);
          }
          System.out.print(report.add(row));
        }
      }
    }
    if (out != null) {
      report.write(out);
    }
    return report.agrees() ? 0 : DIFFERENT;
  }

  private Shape shape(String name) {
    for (Shape shape : Shape.values()) {
      if (shape.name().equals(name)) {
        return shape;
      }
    }
    throw wrong("there is no shape '" + name + "'; expected S or M");
  }

  private void require(String option, int value, int least) {
    if (value < least) {
      throw wrong(option + " is " + value + "; expected " + least + " or more");
    }
  }

  private ParameterException wrong(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  /// Fails now rather than in a child, in the middle of a long table.
  private void check(List<String> all) {
    RunConfig config = StepServer.config(all);
    TorchSide.corpus(config, Path.of(""));
  }

  private List<String> settings(Shape shape, String norm) {
    List<String> all = new ArrayList<>(shape.settings());
    all.add("model.norm.all=" + norm);
    all.add("data.corpus=\"" + corpus.replace("\\", "\\\\").replace("\"", "\\\"") + "\"");
    all.add("runtime.backend=" + backend);
    all.addAll(settings);
    return all;
  }

  private void measurePeak() {
    progress("measuring the peak");
    int cores = Runtime.getRuntime().availableProcessors();
    Map<String, String> environment = Map.of("OMP_NUM_THREADS", Integer.toString(cores), "JDK_JAVA_OPTIONS",
        "--add-modules=jdk.incubator.vector");
    try (Side peak = new Side(norma("norma.bench.Peak", environment), logs.resolve("peak.log"))) {
      report.peak(Double.parseDouble(peak.fact("fma_gflops")), Double.parseDouble(peak.fact("sgemm_gflops")));
    }
  }

  private Comparison compare(Shape shape, String norm) {
    List<String> all = settings(shape, norm);
    String name = shape.name() + "-" + norm;
    progress(name + ": starting");
    try (
        Side norma = new Side(norma("norma.bench.NormaSide", Map.of()).with(all), logs.resolve(name + "-norma.log"));
        Side torch = new Side(torch().with(all), logs.resolve(name + "-torch.log"))) {
      report.fact("Norma", norma.fact("backend"));
      report.fact("PyTorch", torch.fact("build") + ", " + torch.fact("threads") + " threads");
      Agreement agreement = Agreement.of(norma.run(Comparison.FIRST_STEPS), torch.run(Comparison.FIRST_STEPS));
      int rest = (warmup == null ? shape.warmupSteps() : warmup) - Comparison.FIRST_STEPS;
      progress(name + ": warming up");
      norma.run(rest);
      torch.run(rest);
      int steps = stepsPerBlock == null ? shape.stepsPerBlock() : stepsPerBlock;
      List<Step> normaSteps = new ArrayList<>();
      List<Step> torchSteps = new ArrayList<>();
      for (int block = 1; block <= blocks; block++) {
        progress(name + ": block " + block + " of " + blocks);
        normaSteps.addAll(norma.run(steps));
        torchSteps.addAll(torch.run(steps));
      }
      return new Comparison(shape.name(), norm, Long.parseLong(norma.fact("tokens")),
          Double.parseDouble(norma.fact("flops")), agreement, Sample.of(normaSteps, norma.peakBytes()),
          Sample.of(torchSteps, torch.peakBytes()));
    }
  }

  /// The launcher with another main class: flags, libraries and environment are the product's own.
  private static Side.Command norma(String mainClass, Map<String, String> environment) {
    return new Side.Command("Norma", List.of(System.getProperty("norma.bench.launcher"), mainClass), environment);
  }

  /// The Java heap stays small, so that the process's memory is PyTorch's.
  private Side.Command torch() {
    Map<String, String> environment = new TreeMap<>(TORCH_ENVIRONMENT);
    if (Machine.vectors().startsWith("AVX-512")) {
      environment.putAll(AVX512_ENVIRONMENT);
    }
    environment.putAll(torchEnvironment);
    return new Side.Command("PyTorch", List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-XX:+UseSerialGC", "-Xms24m",
        "-Xmn12m", "-Xmx1g", "-Dorg.bytedeco.javacpp.maxbytes=0",
        "-Dorg.bytedeco.javacpp.maxphysicalbytes=0", "-Dorg.bytedeco.javacpp.nopointergc=true", "-cp",
        System.getProperty("java.class.path"), "norma.bench.TorchSide"), environment);
  }

  private void describe(List<Shape> chosen) {
    report.fact("date",
        LocalDateTime.now(ZoneId.systemDefault()).format(DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm", Locale.ROOT)));
    report.fact("commit", Environment.commit());
    report.fact("machine", Machine.cpu() + ", " + Runtime.getRuntime().availableProcessors() + " cores, "
        + Machine.vectors() + "; " + Environment.jdk().strip());
    report.fact("bindings", "org.bytedeco:pytorch " + System.getProperty("norma.bench.pytorch", "unknown"));
    report.fact("environment", "PyTorch's: " + torch().environment());
    report.fact("load", String.format(Locale.ROOT, "%.2f at the start, with nothing of this running",
        ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage()));
    report.fact("corpus", corpus);
    chosen.forEach(shape -> report.fact("shape " + shape.name(), shape.description()));
    report.fact("settings", settings.isEmpty() ? "none besides the shape's" : String.join(" ", settings));
    report.fact("busy", busy + " busy processes beside both");
    report.fact("method", blocks + " alternating blocks, float32, same initial values and batches; losses of the first "
        + Comparison.FIRST_STEPS + " steps must agree within " + Comparison.LOSS_TOLERANCE);
  }

  private static void progress(String line) {
    System.err.println("bench/compare: " + line);
  }
}
