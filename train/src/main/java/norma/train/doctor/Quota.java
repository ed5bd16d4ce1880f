package norma.train.doctor;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalDouble;
import norma.train.run.SystemFiles;

/// The processor time that a control group of version 2 (a container) may use.
///
/// @param processors       as many as it may use on average; nothing without a limit
/// @param throttledSeconds that it has been stopped because of the limit
record Quota(OptionalDouble processors, double throttledSeconds) {
  private static final Path ROOT = Path.of("/sys/fs/cgroup");
  private static final String MAX = "cpu.max";
  private static final String THROTTLED = "throttled_usec ";

  /// Of this process, read again at each call.
  static Quota current() {
    Path own = ROOT.resolve(path(SystemFiles.read("/proc/self/cgroup")).orElse("/").substring(1));
    // In a container the path is the host's, and the folder is the root.
    Path folder = own.resolve(MAX).toFile().canRead() ? own : ROOT;
    return of(SystemFiles.read(folder.resolve(MAX).toString()),
        SystemFiles.read(folder.resolve("cpu.stat").toString()));
  }

  /// @param max  content of `cpu.max`: microseconds or `max`, and the period
  /// @param stat content of `cpu.stat`
  static Quota of(String max, String stat) {
    String[] parts = max.strip().split("\\s+", -1);
    boolean limited = parts.length == 2 && !parts[0].equals("max");
    return new Quota(limited
        ? OptionalDouble.of(Double.parseDouble(parts[0]) / Double.parseDouble(parts[1]))
        : OptionalDouble.empty(),
        stat.lines().filter(line -> line.startsWith(THROTTLED))
            .mapToDouble(line -> Double.parseDouble(line.substring(THROTTLED.length()))).findFirst().orElse(0) / 1e6);
  }

  /// The group's path among the lines of `/proc/self/cgroup`.
  static Optional<String> path(String groups) {
    return groups.lines().filter(line -> line.startsWith("0::")).findFirst().map(line -> line.substring(3));
  }
}
