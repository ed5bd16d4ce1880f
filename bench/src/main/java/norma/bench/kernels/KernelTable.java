package norma.bench.kernels;

import java.lang.management.ManagementFactory;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import norma.bench.Calls;
import norma.bench.Peak;
import norma.bench.Size;
import norma.kernels.KernelCall;
import norma.train.run.Environment;
import norma.train.run.Machine;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/// `bench/kernels`: measures kernels with JMH and prints one line for each kernel, size, backend and number of threads.
@Command(name = "bench/kernels", sortOptions = false, usageHelpWidth = 110, description = "Measures single kernels with JMH: time, bytes that must be moved, GFLOP/s of products and their share of the peak of multiply-adds in registers, for the rest the share of the speed of a copy of as many bytes, and how many times faster than the ND4J definition.", footer = {
    "",
    "With 2 threads each works on half of the rows, with a backend of its own and ND4J's operations single-threaded.",
    "A line takes about 10 s on a quiet machine: the whole table half an hour." })
public final class KernelTable implements Callable<Integer> {
  /// Compiled after this class, for JMH: see the module's pom.xml.
  private static final String BENCHMARK = "norma.bench.kernels.KernelBenchmark";
  private static final String HEAD = """
      | kernel | shape | threads | backend | us | GB/s | GFLOP/s | share of copy speed | of register peak | times faster than nd4j |
      |---|---|---|---|---|---|---|---|---|---|
      """;

  @Option(names = "--kernels", split = ",", paramLabel = "NAME", description = "Kernels. Default: all.")
  private List<String> kernels = List.copyOf(Calls.names());

  @Option(names = "--sizes", split = ",", paramLabel = "S,M,pass", description = "S: 768 rows of 128; M: 16384 rows of 384; pass: 192 rows of 128, as a worker computes them in a step of S. Default: S and M.")
  private List<String> sizes = List.of("S", "M");

  @Option(names = "--backends", split = ",", paramLabel = "NAME", description = "Default: all.")
  private List<String> backends = HostBackends.NAMES;

  @Option(names = "--threads", split = ",", paramLabel = "N", description = "Default: 1 and 2.")
  private List<Integer> threads = List.of(1, 2);

  @Option(names = "--iterations", paramLabel = "N", description = "Measured iterations. Default: 5.")
  private int iterations = 5;

  @Option(names = "--millis", paramLabel = "N", description = "Length of an iteration. Default: 300.")
  private int millis = 300;

  @Option(names = "--settle-millis", paramLabel = "N", description = "Warming up ends when no call was faster than the ones before for so long. Default: 3000.")
  private int settleMillis = 3000;

  @Option(names = { "-h", "--help" }, usageHelp = true, description = "Show this help.")
  @SuppressWarnings("UnusedVariable") // picocli reads it
  private boolean help;

  @CommandLine.Spec
  private CommandLine.Model.CommandSpec spec;

  /// Runs the command line and exits with its code.
  public static void main(String[] args) {
    System.setProperty("jmh.ignoreLock", "true"); // another user's benchmark is no reason to refuse
    CommandLine line = new CommandLine(new KernelTable());
    line.setParameterExceptionHandler((e, arguments) -> failed(2, e, "; see bench/kernels --help"));
    line.setExecutionExceptionHandler((e, command, parsed) -> {
      if (e instanceof RunnerException) {
        return failed(3, e, "");
      }
      throw e;
    });
    System.exit(line.execute(args));
  }

  private static int failed(int code, Exception e, String hint) {
    System.err.println("bench/kernels: " + String.valueOf(e.getMessage()).lines().findFirst().orElse("") + hint);
    return code;
  }

  @Override
  public Integer call() throws RunnerException {
    check();
    Map<Integer, Double> peaks = new TreeMap<>();
    threads.forEach(n -> peaks.computeIfAbsent(n, Peak::gigaflops));
    System.out.print(header() + peaks(peaks) + "\n" + HEAD);
    for (String kernel : kernels) {
      for (String size : sizes) {
        for (int shares : threads) {
          print(kernel, size, shares, Objects.requireNonNull(peaks.get(shares)));
        }
      }
    }
    return 0;
  }

  /// Fails now rather than in a fork, where nobody sees it.
  private void check() {
    try {
      for (String size : sizes) {
        kernels.forEach(kernel -> Calls.of(kernel, Size.of(size)));
      }
      backends.forEach(HostBackends::require);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()));
    }
    if (iterations < 1 || millis < 1 || settleMillis < 1 || threads.stream().anyMatch(n -> n < 1)) {
      throw new ParameterException(spec.commandLine(),
          "--iterations, --millis, --settle-millis and --threads expect 1 or more");
    }
  }

  private static String header() {
    return String.format(Locale.ROOT, "date     %s%ncommit   %s%nmachine  %s, %d cores, %s; %s%nload     %.2f%n",
        LocalDateTime.now(ZoneId.systemDefault()).format(DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm", Locale.ROOT)),
        Environment.commit(), Machine.cpu(), Runtime.getRuntime().availableProcessors(), Machine.vectors(),
        Environment.jdk(), ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
  }

  private static String peaks(Map<Integer, Double> peaks) {
    return "peak     " + peaks.entrySet().stream()
        .map(entry -> String.format(Locale.ROOT, "%.0f GFLOP/s of multiply-adds in registers with %d threads",
            entry.getValue(), entry.getKey()))
        .collect(Collectors.joining(", ")) + "\n";
  }

  private void print(String kernel, String size, int shares, double peak)
      throws RunnerException {
    KernelCall call = Calls.of(kernel, Size.of(size)); // of all threads together
    boolean product = call.flops() > 0;
    double copyMicros = product ? Double.NaN : copyMicros(kernel, size, shares);
    Map<String, Double> micros = new LinkedHashMap<>();
    for (RunResult result : run("kernel", kernel, size, shares, backends)) {
      micros.put(result.getParams().getParam("backend"), result.getPrimaryResult().getScore());
    }
    Double definition = micros.get(HostBackends.DEFINITION);
    micros.forEach((backend, time) -> {
      String share = String.format(Locale.ROOT, "%.0f %%", 100 * Calls.share(call, time, copyMicros, peak));
      System.out.printf(Locale.ROOT, "| %s | %s | %d | %s | %.1f | %.1f | %s | %s | %s | %s |%n", kernel,
          Calls.shape(kernel, Size.of(size)),
          shares, backend, time, Calls.bytes(call) / time / 1e3,
          product ? String.format(Locale.ROOT, "%.1f", call.flops() / time / 1e3) : "",
          product ? "" : share, product ? share : "",
          definition == null ? "" : String.format(Locale.ROOT, "%.2f", definition / time));
    });
  }

  private double copyMicros(String kernel, String size, int shares) throws RunnerException {
    return run("copy", kernel, size, shares, backends.subList(0, 1)).iterator().next().getPrimaryResult().getScore();
  }

  private Collection<RunResult> run(String method, String kernel, String size, int shares, List<String> measured)
      throws RunnerException {
    return new Runner(new OptionsBuilder().include(BENCHMARK + "." + method + "$")
        .param("kernel", kernel).param("size", size).param("backend", measured.toArray(String[]::new))
        .param("shares", Integer.toString(shares))
        .param("settleMillis", Integer.toString(settleMillis)).threads(shares).forks(1)
        .warmupIterations(1).warmupTime(TimeValue.milliseconds(millis))
        .measurementIterations(iterations).measurementTime(TimeValue.milliseconds(millis))
        .shouldFailOnError(true).verbosity(VerboseMode.SILENT).build()).run();
  }
}
