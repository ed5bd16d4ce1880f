package norma.train.doctor;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalDouble;
import norma.train.run.SystemFiles;

/// The processor time that a control group (a container) may use.
///
/// @param processors       as many as it may use on average; nothing without a limit
/// @param throttledSeconds that it has been stopped because of the limit
record Quota(OptionalDouble processors, double throttledSeconds) {
  private static final Path ROOT = Path.of("/sys/fs/cgroup");

  /// Of this process, read again at each call.
  static Quota current() {
    String groups = SystemFiles.read("/proc/self/cgroup");
    Path second = folder(ROOT, path(groups, "0::"), "cpu.max");
    Path first = folder(ROOT.resolve("cpu"), path(groups, ":cpu"), "cpu.cfs_quota_us");
    String max = SystemFiles.read(second.resolve("cpu.max").toString());
    return max.isBlank()
        ? first(SystemFiles.read(first.resolve("cpu.cfs_quota_us").toString()),
            SystemFiles.read(first.resolve("cpu.cfs_period_us").toString()),
            SystemFiles.read(first.resolve("cpu.stat").toString()))
        : second(max, SystemFiles.read(second.resolve("cpu.stat").toString()));
  }

  /// Of control groups of version 2.
  ///
  /// @param max  content of `cpu.max`: microseconds or `max`, and the period
  /// @param stat content of `cpu.stat`
  static Quota second(String max, String stat) {
    String[] parts = max.strip().split("\\s+", -1);
    boolean limited = parts.length == 2 && !parts[0].equals("max");
    return new Quota(limited
        ? OptionalDouble.of(Double.parseDouble(parts[0]) / Double.parseDouble(parts[1]))
        : OptionalDouble.empty(), number(stat, "throttled_usec ") / 1e6);
  }

  /// Of control groups of version 1.
  ///
  /// @param quota  microseconds, -1 without a limit
  /// @param period microseconds
  /// @param stat   content of `cpu.stat`
  static Quota first(String quota, String period, String stat) {
    boolean limited = !quota.isBlank() && !period.isBlank() && !quota.startsWith("-");
    return new Quota(limited
        ? OptionalDouble.of(Double.parseDouble(quota) / Double.parseDouble(period))
        : OptionalDouble.empty(), number(stat, "throttled_time ") / 1e9);
  }

  /// A group's path: what follows the last colon of the line that contains a text.
  static Optional<String> path(String groups, String text) {
    return groups.lines().filter(line -> line.contains(text)).findFirst()
        .map(line -> line.substring(line.lastIndexOf(':') + 1));
  }

  /// The group's own folder; in a container its path is the host's, and the folder is the root.
  private static Path folder(Path root, Optional<String> group, String file) {
    Path own = root.resolve(group.orElse("/").substring(1));
    return own.resolve(file).toFile().canRead() ? own : root;
  }

  private static double number(String stat, String name) {
    return stat.lines().filter(line -> line.startsWith(name)).mapToDouble(
        line -> Double.parseDouble(line.substring(name.length()))).findFirst().orElse(0);
  }
}
