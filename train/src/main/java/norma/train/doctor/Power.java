package norma.train.doctor;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import norma.train.doctor.Finding.Advice;
import norma.train.run.SystemFiles;

/// How fast the processors may run, and do.
///
/// @param governors  one for each processor; empty where the system shows none, as most virtual machines
/// @param kilohertz  now
/// @param highest    kilohertz that the processor can reach
record Power(List<String> governors, List<Long> kilohertz, List<Long> highest) {
  private static final String LABEL = "clock";
  /// Below, a processor under load is held back: by its governor, by heat or by a limit.
  private static final double SLOW = 0.7;

  static Power current() {
    List<String> governors = new ArrayList<>();
    List<Long> kilohertz = new ArrayList<>();
    List<Long> highest = new ArrayList<>();
    String governor = read(0, "scaling_governor");
    for (int cpu = 0; !governor.isEmpty(); cpu++, governor = read(cpu, "scaling_governor")) {
      governors.add(governor);
      String now = read(cpu, "scaling_cur_freq");
      String most = read(cpu, "cpuinfo_max_freq");
      if (!now.isEmpty() && !most.isEmpty()) {
        kilohertz.add(Long.parseLong(now));
        highest.add(Long.parseLong(most));
      }
    }
    return new Power(governors, kilohertz, highest);
  }

  private static String read(int cpu, String name) {
    return SystemFiles.read("/sys/devices/system/cpu/cpu" + cpu + "/cpufreq/" + name).strip();
  }

  /// What it says of a moment in which all processors were busy.
  Finding finding() {
    if (governors.isEmpty()) {
      return Finding.of(LABEL, "no governor is shown, as on most virtual machines");
    }
    String names = String.join(", ", governors.stream().distinct().toList());
    double share = highest.isEmpty() ? 1 : sum(kilohertz) / sum(highest);
    String fact = "governor " + names + (highest.isEmpty()
        ? ""
        : String.format(Locale.ROOT, "; all busy, %.1f GHz of %.1f", sum(kilohertz) / highest.size() / 1e6,
            sum(highest) / highest.size() / 1e6));
    boolean saving = governors.contains("powersave");
    if (share >= SLOW) { // "powersave" of newer drivers is fast under load
      return Finding.of(LABEL, fact);
    }
    return Finding.of(LABEL, fact,
        new Advice(saving
            ? "set the governor to performance (cpupower frequency-set -g performance)"
            : "look for a limit of power or heat",
            "the processors are slow under load", String.format(Locale.ROOT,
                "measured: %.0f %% of the highest clock, which not every processor can hold", 100 * share)));
  }

  private static double sum(List<Long> numbers) {
    return numbers.stream().mapToLong(Long::longValue).sum();
  }
}
