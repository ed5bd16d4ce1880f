package norma.train.doctor;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import norma.train.report.Median;

/// How many threads are fastest.
final class Threads {
  private static final String LABEL = "threads";

  private Threads() {}

  /// Numbers worth trying: powers of two, half of the processors (a thread for each core of two processors), and all.
  ///
  /// @param processors that `auto` uses
  /// @param sequences  of a step: more threads would have nothing to do
  static List<Integer> candidates(int processors, int sequences) {
    TreeSet<Integer> numbers = new TreeSet<>();
    for (int n = 1; n < processors && n <= sequences; n *= 2) {
      numbers.add(n);
    }
    if (processors / 2 > 1 && processors / 2 <= sequences) {
      numbers.add(processors / 2);
    }
    numbers.add(processors);
    return List.copyOf(numbers);
  }

  /// Milliseconds of a step.
  ///
  /// @param millis one for each round
  record Timed(int threads, List<Double> millis) {
    double median() {
      return Median.of(millis);
    }
  }

  /// @param timed with rising numbers of threads, from one to what `runtime.threads: auto` means
  static Finding of(List<Timed> timed) {
    Timed one = timed.getFirst();
    Timed auto = timed.getLast();
    List<String> facts = new ArrayList<>();
    facts.add("auto is " + auto.threads + "; a step of the default run: " + String.join(", ", timed.stream()
        .map(some -> String.format(Locale.ROOT, "%.1f ms with %d", some.median(), some.threads)).toList()));
    if (auto.threads > 1) {
      Speedup all = Speedup.of(one.millis, auto.millis);
      facts.add(auto.threads + " threads are " + all.over("one") + scaling(auto.threads, all.factor()));
    }
    Timed best = Collections.min(timed, Comparator.comparingDouble(Timed::median));
    Speedup gain = Speedup.of(auto.millis, best.millis);
    return new Finding(LABEL, facts, gain.gain()
        ? List.of(new Advice("set runtime.threads=" + best.threads,
            "auto means " + auto.threads + " threads here, which are slower", "measured: a step is " + gain))
        : List.of());
  }

  private static String scaling(int threads, double factor) {
    return factor < 1 + (threads - 1) / 4.0
        ? ": hardly more than one core's work, as from processors that share a core or are busy"
        : "";
  }
}
