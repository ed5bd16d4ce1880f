package norma.train.doctor;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import norma.train.doctor.Finding.Advice;
import norma.train.run.SystemFiles;

/// Whether memory is short.
///
/// @param freeShare  of memory that programs could still get
/// @param swapped    bytes of all programs that lie in swap
/// @param ownSwapped bytes of this process
/// @param stalled    percent of the last ten seconds that some process waited for memory; 0 where the system does not tell
public record MemoryPressure(double freeShare, double swapped, double ownSwapped, double stalled) {
  private static final String LABEL = "swap";
  private static final double LITTLE = 0.05;
  private static final double STALLED = 1;

  /// Now.
  public static MemoryPressure current() {
    return of(SystemFiles.read(SystemFiles.MEMORY), SystemFiles.read(SystemFiles.STATUS),
        SystemFiles.read("/proc/pressure/memory"));
  }

  /// @param memory   content of `/proc/meminfo`
  /// @param status   content of `/proc/self/status`
  /// @param pressure content of `/proc/pressure/memory`
  static MemoryPressure of(String memory, String status, String pressure) {
    double total = bytes(memory, "MemTotal");
    return new MemoryPressure(total == 0 ? 1 : bytes(memory, "MemAvailable") / total,
        bytes(memory, "SwapTotal") - bytes(memory, "SwapFree"), bytes(status, "VmSwap"),
        number(pressure, "some avg10=([\\d.]+)"));
  }

  /// Advice where programs wait for memory.
  public Finding finding() {
    String fact = String.format(Locale.ROOT, "%s in use; %.0f %% of memory free or to be had; %.0f %% of 10 s stalled",
        swapped == 0 ? "none" : String.format(Locale.ROOT, "%.1f GiB", swapped / 0x1p30), 100 * freeShare, stalled);
    if (freeShare >= LITTLE && ownSwapped == 0 && stalled < STALLED) {
      return Finding.of(LABEL, fact);
    }
    return Finding.of(LABEL, fact, new Advice("free memory, or lower train.batch", "memory is short",
        String.format(Locale.ROOT,
            "some process waited for memory for %.0f %% of the last 10 s; a step was not measured"
                + " without",
            stalled)));
  }

  private static double bytes(String text, String name) {
    return SystemFiles.bytes(text, name).orElse(0);
  }

  private static double number(String text, String pattern) {
    Matcher found = Pattern.compile(pattern).matcher(text);
    return found.find() ? Double.parseDouble(found.group(1)) : 0;
  }
}
