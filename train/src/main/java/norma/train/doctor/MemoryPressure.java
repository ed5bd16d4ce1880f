package norma.train.doctor;

import java.util.Locale;
import norma.train.doctor.Finding.Advice;
import norma.train.run.SystemFiles;

/// Whether memory is short.
///
/// @param freeShare  of memory that programs could still get
/// @param swapped    bytes of all programs that lie in swap
/// @param ownSwapped bytes of this process
public record MemoryPressure(double freeShare, double swapped, double ownSwapped) {
  private static final String LABEL = "swap";
  private static final double LITTLE = 0.05;

  /// Now.
  public static MemoryPressure current() {
    return of(SystemFiles.read(SystemFiles.MEMORY), SystemFiles.read(SystemFiles.STATUS));
  }

  /// @param memory content of `/proc/meminfo`
  /// @param status content of `/proc/self/status`
  static MemoryPressure of(String memory, String status) {
    double total = bytes(memory, "MemTotal");
    return new MemoryPressure(total == 0 ? 1 : bytes(memory, "MemAvailable") / total,
        bytes(memory, "SwapTotal") - bytes(memory, "SwapFree"), bytes(status, "VmSwap"));
  }

  private static double bytes(String text, String name) {
    return SystemFiles.bytes(text, name).orElse(0);
  }

  /// Advice where little is left, or this process was swapped out.
  public Finding finding() {
    String fact = String.format(Locale.ROOT, "%s in use; %.0f %% of memory free or to be had",
        swapped == 0 ? "none" : String.format(Locale.ROOT, "%.1f GiB", swapped / 0x1p30), 100 * freeShare);
    return freeShare >= LITTLE && ownSwapped == 0
        ? Finding.of(LABEL, fact)
        : Finding.of(LABEL, fact,
            new Advice("free memory, or lower train.batch", "memory is short", "a step was not measured without"));
  }
}
