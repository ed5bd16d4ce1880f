package norma.train.doctor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// Memory in pages of 2 MB: fewer misses when a step's activations pass by.
final class HugePages {
  /// Linux's setting.
  static final String FILE = "/sys/kernel/mm/transparent_hugepage/enabled";
  /// Settings of glibc's `malloc`.
  static final String VARIABLE = "GLIBC_TUNABLES";
  /// Asks for huge pages for large blocks, from glibc 2.35 on: what ND4J allocates.
  static final String ON = "glibc.malloc.hugetlb=1";
  static final String OFF = "glibc.malloc.hugetlb=0";
  private static final String NAME = "glibc.malloc.hugetlb=";
  private static final Pattern HUGE = Pattern.compile(NAME + "[1-9]");
  /// Asks for huge pages for the heap.
  static final String HEAP = "-XX:+UseTransparentHugePages";
  private static final String LABEL = "pages";
  private static final Pattern CHOSEN = Pattern.compile("\\[(\\w+)]");

  private HugePages() {}

  /// What was measured.
  ///
  /// @param asked  whether native memory is in huge pages as the process was started
  /// @param nativeMemory the other setting of native memory, against that
  /// @param heap   with the heap in huge pages too; nothing if it is already
  record Measured(boolean asked, Optional<Speedup> nativeMemory, Optional<Speedup> heap) {}

  /// `always`, `madvise` (on request) or `never`; nothing where the system has no such setting.
  ///
  /// @param setting content of [#FILE]
  static Optional<String> mode(String setting) {
    Matcher chosen = CHOSEN.matcher(setting);
    return chosen.find() ? Optional.of(chosen.group(1)) : Optional.empty();
  }

  /// Whether a process can have them or not, so that both can be measured.
  static boolean onRequest(String setting) {
    return mode(setting).filter("madvise"::equals).isPresent();
  }

  /// Whether a process asks for them for native memory.
  ///
  /// @param environment of the process
  static boolean asked(Map<String, String> environment) {
    return HUGE.matcher(environment.getOrDefault(VARIABLE, "")).find();
  }

  /// The variable with the other setting; what else it sets stays.
  static Map<String, String> other(Map<String, String> environment) {
    String rest = Arrays.stream(environment.getOrDefault(VARIABLE, "").split(":"))
        .filter(setting -> !setting.isBlank() && !setting.startsWith(NAME)).collect(Collectors.joining(":"));
    return Map.of(VARIABLE, (rest.isEmpty() ? "" : rest + ":") + (asked(environment) ? OFF : ON));
  }

  /// @param setting content of [#FILE]
  static Finding unmeasured(String setting) {
    return Finding.of(LABEL, mode(setting).map(mode -> mode.equals("always")
        ? "of 2 MB without being asked (" + FILE + " is always): nothing to gain"
        : "of 4 KB only (" + FILE + " is " + mode + "); what 2 MB would bring cannot be measured here")
        .orElse("no " + FILE + ": nothing measured"));
  }

  static Finding of(Measured measured) {
    List<String> facts = new ArrayList<>();
    List<Advice> advice = new ArrayList<>();
    measured.nativeMemory.ifPresent(other -> {
      Speedup with = measured.asked ? other.inverse() : other;
      facts.add("of 2 MB for native memory" + (measured.asked ? "" : " (not asked for)") + ": a step is " + with);
      if (other.gain()) {
        advice.add(new Advice("set " + VARIABLE + "=" + (measured.asked ? OFF : ON),
            "native memory in pages of " + (measured.asked ? "4 KB" : "2 MB"), "measured: a step is " + other));
      }
    });
    measured.heap.ifPresent(heap -> {
      facts.add("of 2 MB for the heap too (" + HEAP + "): a step is " + heap);
      if (heap.gain()) {
        advice.add(new Advice("start Java with " + HEAP + ", for example in JAVA_TOOL_OPTIONS",
            "the heap in pages of 2 MB", "measured: a step is " + heap));
      }
    });
    if (advice.isEmpty()) {
      boolean conclusive = measured.nativeMemory.filter(Speedup::conclusive).isPresent();
      facts.add(facts.isEmpty()
          ? "not measured: steps take too long"
          : conclusive ? "nothing to gain from a change" : "too few rounds to advise a change");
    }
    return new Finding(LABEL, facts, advice);
  }
}
