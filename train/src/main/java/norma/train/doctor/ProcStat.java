package norma.train.doctor;

import java.util.Arrays;

/// Processor time of the whole machine since its start, from `/proc/stat`, in ticks.
///
/// @param busy  of all processes
/// @param steal what the hypervisor gave to others
/// @param total with idle time
record ProcStat(long busy, long steal, long total) {
  private static final int IDLE = 3;
  private static final int IO_WAIT = 4;
  private static final int STEAL = 7;
  /// The rest counts guests, whose time is in the first fields already.
  private static final int FIELDS = 8;

  /// @param text content of the file; all zeros where its first line is another
  static ProcStat of(String text) {
    String first = text.lines().findFirst().orElse("");
    if (!first.startsWith("cpu ")) {
      return new ProcStat(0, 0, 0);
    }
    long[] ticks = Arrays.stream(first.substring(4).strip().split("\\s+")).limit(FIELDS).mapToLong(Long::parseLong)
        .toArray();
    ticks = Arrays.copyOf(ticks, FIELDS); // an old kernel has fewer
    long total = Arrays.stream(ticks).sum();
    return new ProcStat(total - ticks[IDLE] - ticks[IO_WAIT] - ticks[STEAL], ticks[STEAL], total);
  }

  ProcStat minus(ProcStat earlier) {
    return new ProcStat(busy - earlier.busy, steal - earlier.steal, total - earlier.total);
  }
}
