package norma.bench;

import java.lang.management.ManagementFactory;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import norma.array.DType;
import norma.kernels.Backend;
import norma.kernels.KernelCall;
import norma.kernels.KernelCalls;
import norma.kernels.Kernels;
import norma.kernels.cpu.CpuBackend;
import norma.kernels.nd4j.Nd4jBackend;
import norma.train.cli.Main;
import norma.train.report.Decimals;
import norma.train.report.Table;
import norma.train.run.Environment;
import norma.train.run.Machine;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/// `bench/kernels`: measures kernels and prints one line for each kernel, size and backend.
@Command(name = "bench/kernels", sortOptions = false, usageHelpWidth = 110, description = "Measures single kernels on one thread: time, bytes that must be moved, GFLOP/s of products and their share of the peak of multiply-adds in registers, for the rest the share of the speed of a copy of as many bytes, and how many times faster than the ND4J definition.", footer = {
    "",
    "A line takes a second, with ND4J's operations at size M more: the whole table some minutes." })
public final class KernelTable implements Callable<Integer> {
  private static final String DEFINITION = "nd4j";
  private static final List<String> BACKENDS = List.of(DEFINITION, "cpu");
  /// What calls machine code is compiled too, which takes a busy machine seconds.
  private static final int LEAST_CALLS = 300;
  private static final Table<Line> TABLE = new Table<Line>().text("kernel", Line::kernel)
      .text("shape", line -> Calls.shape(line.kernel, line.size)).text("backend", Line::backend)
      .text("us", line -> Decimals.formatOr("", "%.1f", line.micros))
      .text("GB/s", line -> Decimals.formatOr("", "%.1f", Calls.bytes(line.call()) / line.micros / 1e3))
      .text("GFLOP/s", line -> line.product() ? Decimals.formatOr("", "%.1f", line.gigaflops()) : "")
      .text("share of copy speed",
          line -> line.product() ? "" : Decimals.formatOr("", "%.0f %%", 100 * line.floorMicros / line.micros))
      .text("of register peak",
          line -> line.product() ? Decimals.formatOr("", "%.0f %%", 100 * line.floorMicros / line.micros) : "")
      .text("times faster than nd4j",
          line -> Decimals.formatOr("", "%.2f", line.definitionMicros / line.micros));

  @Option(names = "--kernels", split = ",", paramLabel = "NAME", description = "Kernels. Default: all.")
  private List<String> kernels = List.copyOf(Calls.names());

  @Option(names = "--sizes", split = ",", paramLabel = "S,M,pass", description = "S: 768 rows of 128; M: 16384 rows of 384; pass: 192 rows of 128, as a worker computes them in a step of S. Default: S and M.")
  private List<String> sizes = List.of("S", "M");

  @Option(names = "--backends", split = ",", paramLabel = "NAME", description = "Default: all.")
  private List<String> backends = BACKENDS;

  @Option(names = "--millis", paramLabel = "N", description = "Length of a measurement. Default: 500.")
  private int millis = 500;

  @Option(names = "--settle-millis", paramLabel = "N", description = "Warming up ends when no call was faster than the ones before for so long. Default: 300.")
  private int settleMillis = 300;

  @Option(names = { "-h", "--help" }, usageHelp = true, description = "Show this help.")
  @SuppressWarnings("UnusedVariable") // picocli reads it
  private boolean help;

  @CommandLine.Spec
  private CommandLine.Model.CommandSpec spec;

  /// A measured call.
  ///
  /// @param floorMicros      of its operations in registers for a product, of a copy of as many bytes for the rest
  /// @param definitionMicros of the same call on ND4J; NaN where that is not measured
  private record Line(String kernel, Size size, String backend, double micros, double floorMicros,
      double definitionMicros) {
    KernelCall call() {
      return Calls.of(kernel, size);
    }

    boolean product() {
      return call().flops() > 0;
    }

    double gigaflops() {
      return call().flops() / micros / 1e3;
    }
  }

  /// Runs the command line and exits with its code.
  public static void main(String[] args) {
    CommandLine line = new CommandLine(new KernelTable());
    line.setParameterExceptionHandler(Main::wrongUsage);
    line.setExecutionExceptionHandler((e, command, parsed) -> Main.said("bench/kernels", e).orElseThrow(() -> e));
    System.exit(line.execute(args));
  }

  @Override
  public Integer call() {
    check();
    double peak = Peak.gigaflops(1);
    System.out.printf(Locale.ROOT,
        "date     %s%ncommit   %s%nmachine  %s, %s; %s%nload     %.2f%npeak     %.0f GFLOP/s of multiply-adds in registers%n%n%s",
        LocalDateTime.now(ZoneId.systemDefault()).format(DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm", Locale.ROOT)),
        Environment.commit(), Machine.cpu(), Machine.vectors(), Environment.jdk(),
        ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage(), peak, TABLE.markdownHead());
    for (String kernel : kernels) {
      for (String size : sizes) {
        print(kernel, Size.of(size), peak);
      }
    }
    return 0;
  }

  private void check() {
    try {
      for (String size : sizes) {
        kernels.forEach(kernel -> Calls.of(kernel, Size.of(size)));
      }
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()));
    }
    if (!BACKENDS.containsAll(backends) || millis < 1 || settleMillis < 1) {
      throw new ParameterException(spec.commandLine(),
          "--backends expects some of " + BACKENDS + ", --millis and --settle-millis expect 1 or more");
    }
  }

  private void print(String kernel, Size size, double peak) {
    KernelCall call = Calls.of(kernel, size);
    double floor = call.flops() > 0
        ? call.flops() / peak / 1e3
        : copyMicros(Calls.bytes(call));
    double definition = Double.NaN;
    for (String backend : BACKENDS.stream().filter(backends::contains).toList()) { // the definition first
      double micros = micros(backend, call, Calls.of(kernel, size.sequence()));
      definition = backend.equals(DEFINITION) ? micros : definition;
      System.out.print(TABLE.markdown(new Line(kernel, size, backend, micros, floor, definition)));
    }
  }

  /// A copy reads as many bytes as it writes.
  private double copyMicros(long bytes) {
    KernelCall copy = KernelCalls.copy(Math.toIntExact(bytes / 2 / Float.BYTES));
    return micros("cpu", copy, copy);
  }

  /// @param small the same call on little, to warm up with: a whole batch of shape M may take minutes before it is compiled
  private double micros(String name, KernelCall call, KernelCall small) {
    try (Backend backend = name.equals(DEFINITION)
        ? new Nd4jBackend(DType.FLOAT32, false)
        : new CpuBackend(1, false)) {
      Kernels own = backend.kernels();
      Operands operands = new Operands(backend, own);
      warmUp(scratched(own, operands.bind(small)));
      return 1e6 * new KernelTimer(own, millis / 1e3).seconds(List.of(scratched(own, operands.bind(call))));
    }
  }

  private static Runnable scratched(Kernels kernels, Runnable call) {
    return () -> {
      try (Kernels.Scratch _ = kernels.scratch()) {
        call.run();
      }
    };
  }

  private void warmUp(Runnable work) {
    long best = Long.MAX_VALUE;
    long improved = System.nanoTime();
    for (int calls = 0; calls < LEAST_CALLS || System.nanoTime() - improved < settleMillis * 1_000_000L; calls++) {
      long start = System.nanoTime();
      work.run();
      long end = System.nanoTime();
      if (end - start < 0.95 * best) {
        best = end - start;
        improved = end;
      }
    }
  }
}
