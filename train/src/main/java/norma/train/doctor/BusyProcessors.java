package norma.train.doctor;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import norma.train.doctor.Finding.Advice;
import norma.train.run.SystemFiles;

/// Who takes processors from a run, measured with a thread for each processor that only counts.
///
/// @param share     of wall time that each thread had a processor
/// @param others    share of all processors that other processes had
/// @param steal     share of all processors that the hypervisor gave away
/// @param throttled share of all processors' time in which the control group was stopped
/// @param quota     the control group's limit
/// @param clock     of the processors while all were busy
public record BusyProcessors(double[] share, double others, double steal, double throttled, Quota quota, Power clock) {
  private static final long NANOS = TimeUnit.MILLISECONDS.toNanos(600);
  private static final String LABEL = "busy";
  /// A thread that lost less shows nothing: ticks of `/proc/stat` are 1 % of the time measured.
  private static final double LOST = 0.05;
  /// Linux shows ticks of a hundredth of a second to programs.
  private static final double TICKS_PER_SECOND = 100;

  /// Processor time of the whole machine since its start, from `/proc/stat`, in ticks.
  ///
  /// @param busy  of all processes
  /// @param steal what the hypervisor gave to others
  /// @param total with idle time
  record Ticks(long busy, long steal, long total) {
    private static final int IDLE = 3;
    private static final int IO_WAIT = 4;
    private static final int STEAL = 7;
    /// The rest counts guests, whose time is in the first fields already.
    private static final int FIELDS = 8;

    /// @param text content of the file; all zeros where its first line is another
    static Ticks of(String text) {
      String first = text.lines().findFirst().orElse("");
      if (!first.startsWith("cpu ")) {
        return new Ticks(0, 0, 0);
      }
      long[] ticks = Arrays.stream(first.substring(4).strip().split("\\s+")).limit(FIELDS).mapToLong(Long::parseLong)
          .toArray();
      ticks = Arrays.copyOf(ticks, FIELDS); // an old kernel has fewer
      long total = Arrays.stream(ticks).sum();
      return new Ticks(total - ticks[IDLE] - ticks[IO_WAIT] - ticks[STEAL], ticks[STEAL], total);
    }

    Ticks minus(Ticks earlier) {
      return new Ticks(busy - earlier.busy, steal - earlier.steal, total - earlier.total);
    }
  }

  /// Keeps all processors busy for 0.6 s, in which nothing else of this program should run.
  public static BusyProcessors measure(int processors) throws InterruptedException {
    double[] share = new double[processors];
    List<Thread> threads = new ArrayList<>();
    Quota quota = Quota.current();
    OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    Ticks before = Ticks.of(SystemFiles.read("/proc/stat"));
    long own = system.getProcessCpuTime();
    long start = System.nanoTime();
    for (int i = 0; i < processors; i++) {
      int number = i;
      threads.add(Thread.ofPlatform().daemon().start(() -> share[number] = spin()));
    }
    TimeUnit.NANOSECONDS.sleep(NANOS / 2);
    Power clock = Power.current();
    for (Thread thread : threads) {
      thread.join();
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    Ticks used = Ticks.of(SystemFiles.read("/proc/stat")).minus(before);
    double others = used.busy() - (system.getProcessCpuTime() - own) / 1e9 * TICKS_PER_SECOND;
    double all = Math.max(1, used.total());
    Quota now = Quota.current();
    return new BusyProcessors(share, Math.max(0, others / all), used.steal() / all,
        (now.throttledSeconds() - quota.throttledSeconds()) / seconds / processors, now, clock);
  }

  private static double spin() {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    long start = System.nanoTime();
    long cpu = threads.getCurrentThreadCpuTime();
    while (System.nanoTime() - start < NANOS) {
      Thread.onSpinWait();
    }
    return Math.min(1, (threads.getCurrentThreadCpuTime() - cpu) / (double) (System.nanoTime() - start));
  }

  /// The processors' finding, and their clock's while all were busy.
  public List<Finding> findings() {
    return List.of(finding(), clock.finding());
  }

  Finding finding() {
    double mean = Arrays.stream(share).average().orElse(1);
    double least = Arrays.stream(share).min().orElse(1);
    String limit = quota.processors().isPresent()
        ? String.format(Locale.ROOT, "the quota of %.1f processors stopped them for %.0f %%",
            quota.processors().getAsDouble(), 100 * throttled)
        : "no quota";
    String who = String.format(Locale.ROOT, "%.0f %% other processes, %.0f %% the hypervisor, %s", 100 * others,
        100 * steal, limit);
    String fact = String.format(Locale.ROOT,
        "%d threads that only count had %.0f %% of the time, the slowest %.0f %%; of all processors: %s", share.length,
        100 * mean, 100 * least, who);
    if (least > 1 - LOST && throttled < LOST && steal < LOST) {
      return Finding.of(LABEL, fact);
    }
    return Finding.of(LABEL, fact,
        new Advice(remedy(), who, String.format(Locale.ROOT,
            "a step waits for its slowest thread, which had %.0f %% of the time: up to %.2f times as fast without",
            100 * least, 1 / Math.max(0.01, least))));
  }

  /// Against the greatest of the three.
  private String remedy() {
    if (throttled >= others && throttled >= steal) {
      return "raise the quota, or set runtime.threads to at most its whole processors";
    }
    return others >= steal ? "end or wait for what runs beside" : "use a machine whose processors are not shared";
  }
}
