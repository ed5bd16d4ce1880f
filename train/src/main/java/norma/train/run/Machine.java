package norma.train.run;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import java.util.stream.Stream;
import norma.array.Array;
import norma.array.DType;
import norma.kernels.Backend;
import norma.kernels.Kernels;
import norma.kernels.VectorModule;
import norma.kernels.vector.VectorUnit;
import org.nd4j.linalg.factory.Nd4j;

/// What this machine offers, and how much of it is used.
public final class Machine {
  /// Repetitions of each measurement.
  public static final int REPEATS = 21;
  private static final long WARM_UP_NANOS = 1_000_000_000L;
  private static final int COPY_BYTES = 64 << 20;
  /// Shape of the measured product.
  private static final int ROWS = 768;
  private static final int IN = 128;
  private static final int OUT = 384;

  private Machine() {}

  /// Physical memory and the JVM's share.
  public static String memory() {
    long heap = Runtime.getRuntime().maxMemory();
    return String.format(Locale.ROOT, "%.1f GiB in the machine, heap of at most %.1f GiB", memoryBytes() / 0x1p30,
        heap / 0x1p30);
  }

  /// What ND4J computes with.
  public static String nativeBuild() {
    Properties environment = Nd4j.getExecutioner().getEnvironmentInformation();
    return environment.getProperty("backend") + " with " + environment.getProperty("blas.vendor");
  }

  /// Widest vectors of the CPU, and what the Vector API makes of them.
  public static String vectors() {
    return widestVectors() + (hasBf16() ? " with bf16" : "") + "; Vector API "
        + VectorUnit.lanes().map(lanes -> "with " + lanes + " lanes of float32")
            .orElseGet(() -> "missing: " + VectorModule.missing().orElseThrow());
  }

  /// Widest vector instructions of the CPU.
  public static String widestVectors() {
    return flags().contains(" avx512f ") ? "AVX-512" : flags().contains(" avx2 ") ? "AVX2" : "no AVX2";
  }

  /// Whether the CPU multiplies bfloat16 numbers.
  static boolean hasBf16() {
    return flags().contains(" avx512_bf16 ");
  }

  /// Whether the JVM started from the launcher's class cache.
  public static String classCache() {
    String option = "-XX:AOTCache=";
    String file = ManagementFactory.getRuntimeMXBean().getInputArguments().stream().filter(a -> a.startsWith(option))
        .map(a -> a.substring(option.length())).findFirst().orElse("");
    if (file.isEmpty()) {
      return "without a class cache, so slower";
    }
    // A JVM that maps no archive, neither ours nor its own, does not say "sharing".
    return System.getProperty("java.vm.info", "").contains("sharing")
        ? "from the class cache " + file
        : "without the class cache " + file + ", which does not fit, so slower";
  }

  /// Median rate of a product of the shape of the default model's query-key-value projection.
  public static double productGigaflops(Backend backend) {
    return productGigaflops(List.of(backend))[0];
  }

  /// The same of several backends, called in turn: what drifts on the machine meets all alike.
  public static double[] productGigaflops(List<Backend> backends) {
    double[] seconds = medianSeconds(backends.stream().map(Machine::product).toList());
    return Arrays.stream(seconds).map(s -> 2.0 * ROWS * IN * OUT / s / 1e9).toArray();
  }

  private static Runnable product(Backend backend) {
    Array x = backend.allocate(DType.FLOAT32, ROWS, IN);
    Array w = backend.allocate(DType.FLOAT32, OUT, IN);
    Array y = backend.allocate(DType.FLOAT32, ROWS, OUT);
    Kernels kernels = backend.kernels();
    kernels.prepare(w);
    return () -> kernels.linear(x, w, null, y);
  }

  /// Median rate of a copy that does not fit the caches of one core.
  public static double copyGigabytes() {
    byte[] from = new byte[COPY_BYTES];
    byte[] to = new byte[COPY_BYTES];
    double seconds = medianSeconds(List.of(
        () -> MemorySegment.copy(MemorySegment.ofArray(from), 0, MemorySegment.ofArray(to), 0,
            COPY_BYTES)))[0];
    return 2.0 * COPY_BYTES / seconds / 1e9;
  }

  /// Warm: the compiler takes thousands of calls of a small kernel before it shows its speed.
  private static double[] medianSeconds(List<Runnable> works) {
    long warm = System.nanoTime() + WARM_UP_NANOS;
    do {
      works.forEach(Runnable::run);
    } while (System.nanoTime() < warm);
    long[][] nanos = new long[works.size()][REPEATS];
    for (int repeat = 0; repeat < REPEATS; repeat++) {
      for (int i = 0; i < works.size(); i++) {
        long start = System.nanoTime();
        works.get(i).run();
        nanos[i][repeat] = System.nanoTime() - start;
      }
    }
    return Arrays.stream(nanos).mapToDouble(of -> Arrays.stream(of).sorted().toArray()[REPEATS / 2] / 1e9).toArray();
  }

  /// Bytes of memory that the process may use: the machine's, or a container's limit.
  static long memoryBytes() {
    return ManagementFactory
        .getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean system
            ? system.getTotalMemorySize()
            : Long.MAX_VALUE;
  }

  /// Bytes that could be had now without swapping; all where the system does not tell.
  static long availableBytes() {
    return SystemFiles.bytes(SystemFiles.read(SystemFiles.MEMORY), "MemAvailable").orElse(Long.MAX_VALUE);
  }

  private static String flags() {
    return cpuInfo("flags") + " ";
  }

  /// Name of the CPU, or its architecture where the system does not tell.
  public static String cpu() {
    String model = cpuInfo("model name");
    return model.isBlank() ? System.getProperty("os.arch") : model.strip();
  }

  /// What Linux says of the first core under this name, or nothing; a space before the value is kept.
  private static String cpuInfo(String name) {
    try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      return lines.filter(line -> line.startsWith(name)).findFirst().map(line -> line.substring(line.indexOf(':') + 1))
          .orElse("");
    } catch (IOException e) {
      return ""; // not Linux
    }
  }
}
