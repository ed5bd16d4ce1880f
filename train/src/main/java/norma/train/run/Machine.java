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
import java.util.Set;
import java.util.stream.Stream;
import norma.array.Array;
import norma.array.DType;
import norma.kernels.Backend;
import norma.kernels.Grad;
import norma.kernels.Kernels;
import norma.kernels.cpu.ProductEngine;
import norma.machine.RefusedException;
import org.nd4j.linalg.factory.Nd4j;

/// What this machine offers, and how much of it is used.
public final class Machine {
  /// Repetitions of each measurement.
  public static final int REPEATS = 21;
  private static final long WARM_UP_NANOS = 1_000_000_000L;
  private static final int COPY_BYTES = 64 << 20;
  private static final int DEVICE_COPY_BYTES = 512 << 20;
  private static final Product HOST_PRODUCT = new Product(768, 128, 384);
  private static final Product DEVICE_PRODUCT = new Product(8192, 1024, 4096);

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

  /// Widest vectors of the CPU.
  public static String vectors() {
    return widestVectors() + (hasBf16() ? " with bf16" : "");
  }

  /// Widest vector instructions of the CPU.
  public static String widestVectors() {
    return flags().contains("avx512f") ? "AVX-512" : flags().contains("avx2") ? "AVX2" : "no AVX2";
  }

  /// Whether products of bfloat16 run here.
  static boolean hasBf16() {
    try {
      return ProductEngine.here().hasBf16();
    } catch (RefusedException e) {
      return false;
    }
  }

  /// Why there are none.
  static String noBf16() {
    return flags().contains("avx512_bf16")
        ? "it needs products in machine code for AVX-512, here they are in " + products()
        : "this CPU (" + cpu() + ") has no AVX512-BF16, as Intel's have from Cooper Lake on and AMD's from Zen 4 on";
  }

  /// What multiplies matrices on the backend `cpu`, and why.
  public static String products() {
    try {
      return ProductEngine.here().description();
    } catch (RefusedException e) {
      return "none, so that the backend is nd4j: " + e.reason();
    }
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

  /// Shape of a measured product.
  ///
  /// @param rows of both factors' common result
  /// @param in   summed over
  /// @param out  columns of the result
  public record Product(int rows, int in, int out) {
    /// That of the default model's query-key-value projection, or one that keeps a GPU busy.
    public static Product of(Backend backend) {
      return backend.deviceBytes().isPresent() ? DEVICE_PRODUCT : HOST_PRODUCT;
    }

    private double flops() {
      return 2.0 * rows * in * out;
    }
  }

  /// Median rate of a [Product].
  public static double productGigaflops(Backend backend) {
    return productGigaflops(List.of(backend))[0];
  }

  /// The same of several backends, called in turn: what drifts on the machine meets all alike.
  public static double[] productGigaflops(List<Backend> backends) {
    double[] seconds = medianSeconds(backends.stream().map(Machine::product).toList());
    double[] rates = new double[seconds.length];
    Arrays.setAll(rates, i -> Product.of(backends.get(i)).flops() / seconds[i] / 1e9);
    return rates;
  }

  private static Runnable product(Backend backend) {
    Product shape = Product.of(backend);
    Array x = backend.allocate(backend.activations(), shape.rows, shape.in);
    Array w = backend.allocate(backend.dtype(), shape.out, shape.in);
    Array y = backend.allocate(backend.activations(), shape.rows, shape.out);
    Kernels kernels = backend.kernels();
    kernels.prepare(w);
    return () -> {
      kernels.linear(x, w, null, y);
      backend.synchronize();
    };
  }

  /// Median rate of a copy that does not fit the caches, in the memory that the backend's arrays lie in.
  public static double copyGigabytes(Backend backend) {
    if (backend.deviceBytes().isEmpty()) {
      return copyGigabytes();
    }
    int size = DEVICE_COPY_BYTES / backend.activations().bytes();
    Array from = backend.allocate(backend.activations(), size);
    Array to = backend.allocate(backend.activations(), size);
    Kernels kernels = backend.kernels();
    double seconds = medianSeconds(List.of(() -> {
      kernels.multiply(from, 1, Grad.write(to));
      backend.synchronize();
    }))[0];
    return 2.0 * DEVICE_COPY_BYTES / seconds / 1e9;
  }

  /// Median rate of a copy that does not fit the caches of one core.
  private static double copyGigabytes() {
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

  /// What the CPU can do, by Linux's names; none elsewhere.
  public static Set<String> flags() {
    return Set.copyOf(Arrays.asList(cpuInfo("flags").strip().split(" ")));
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
