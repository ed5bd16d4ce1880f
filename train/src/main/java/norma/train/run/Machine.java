package norma.train.run;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.Locale;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import norma.kernels.cpu.ProductEngine;
import norma.machine.Cpu;
import norma.machine.RefusedException;
import org.nd4j.linalg.factory.Nd4j;

/// What this machine offers, and how much of it is used.
public final class Machine {
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
    return code().map(cpu -> cpu.avx512() ? "AVX-512" : cpu.avx2() ? "AVX2" : "no AVX2").orElse("no AVX2")
        + (hasBf16() ? " with bf16" : "");
  }

  /// What machine code may have; nothing where the system does not tell.
  private static Optional<Cpu> code() {
    try {
      return Optional.of(Cpu.here());
    } catch (RefusedException e) {
      return Optional.empty();
    }
  }

  /// What the CPU can do, by Linux's names; none elsewhere.
  public static Set<String> flags() {
    try {
      return Cpu.flags();
    } catch (RefusedException e) {
      return Set.of();
    }
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
    return code().filter(Cpu::bf16).isPresent()
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

  /// Bytes of memory that the process may use: the machine's, or a container's limit.
  static long memoryBytes() {
    return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
  }

  /// Bytes that could be had now without swapping; all where the system does not tell.
  static long availableBytes() {
    return SystemFiles.bytes(SystemFiles.read(SystemFiles.MEMORY), "MemAvailable").orElse(Long.MAX_VALUE);
  }

  /// Name of the CPU, or its architecture where the system does not tell.
  public static String cpu() {
    return SystemFiles.read("/proc/cpuinfo").lines().filter(line -> line.startsWith("model name")).findFirst()
        .map(line -> line.substring(line.indexOf(':') + 1).strip()).filter(name -> !name.isEmpty())
        .orElse(System.getProperty("os.arch"));
  }
}
