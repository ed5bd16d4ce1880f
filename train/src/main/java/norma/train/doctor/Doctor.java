package norma.train.doctor;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import norma.train.config.RunConfig;
import norma.train.doctor.StepProcess.Start;
import norma.train.doctor.StepTrials.Trial;
import norma.train.run.SystemFiles;

/// Finds what slows a run: looks at the system and the JVM, and measures steps of the default run in processes of their own.
public final class Doctor {
  /// A JVM's start and warm-up, and a share of the rounds, on two quiet processors (2026-11-26).
  private static final int SECONDS_PER_JVM = 5;

  /// Nobody waits longer for a busy machine.
  private static final double LEAST_SHARE = 0.25;

  private final JvmFlags flags;
  private final int processors;
  private final Spin spin;
  private final String pages = SystemFiles.read(HugePages.FILE);

  private Doctor(JvmFlags flags, int processors, Spin spin) {
    this.flags = flags;
    this.processors = processors;
    this.spin = spin;
  }

  /// Looks at the system for less than a second, in which nothing else of this program should run.
  ///
  /// @param flags      of this JVM
  /// @param processors that `runtime.threads: auto` uses
  public static Doctor start(JvmFlags flags, int processors) throws InterruptedException {
    return new Doctor(flags, processors, Spin.measure(processors));
  }

  /// The line in which a measuring process tells the milliseconds of some steps.
  public static String answer(List<Double> millis) {
    return StepProcess.ANSWER + millis.stream().map(m -> String.format(Locale.ROOT, "%.4f", m)).collect(
        Collectors.joining(" "));
  }

  /// What the system says of itself.
  public List<Finding> system() {
    return List.of(spin.finding(), spin.clock().finding(), MemoryPressure.current().finding(), jdk(Runtime.version()));
  }

  static Finding jdk(Runtime.Version version) {
    boolean faulty = version.feature() == 25 && version.update() < 3;
    return new Finding("jdk", List.of(), faulty
        ? List.of(new Advice("install JDK 25.0.3 or later", "25.0.0 to 25.0.2 have a fault in the G1 collector"
            + " (JDK-8377811)", "a crash or lost time of other programs, not measured"))
        : List.of());
  }

  /// What steps say of threads, huge pages and the JVM's options.
  ///
  /// @param program  class whose `main` reads numbers of threads and answers each with [#answer]
  /// @param plan     is told once what is going to be measured
  /// @param progress is told what is being measured
  public List<Finding> steps(String program, Consumer<String> plan, Consumer<String> progress)
      throws IOException, InterruptedException {
    try (StepTrials trials = new StepTrials(program, Math.max(LEAST_SHARE, spin.least()))) {
      Start given = new Start(flags.repeatable(), Map.of());
      Trial automatic = new Trial(given, processors);
      List<Trial> threads = Threads.candidates(processors, RunConfig.DEFAULT.train().batch()).stream()
          .map(n -> trials.add(given, n)).toList();
      boolean paged = HugePages.onRequest(pages);
      Trial otherPages = paged
          ? trials.add(new Start(given.flags(), HugePages.other(flags.environment())), processors)
          : automatic;
      Trial heap = paged && !given.flags().contains(HugePages.HEAP)
          ? trials.add(new Start(with(given.flags(), HugePages.HEAP), Map.of()), processors)
          : automatic;
      Trial launched = flags.asLauncher()
          ? automatic
          : trials.add(new Start(flags.asLaunched(), JvmFlags.LAUNCHER_ENVIRONMENT), processors);
      plan.accept(String.format(Locale.ROOT, "steps of the default run in %s, in turn, about %.0f s",
          trials.jvms() == 1 ? "a JVM" : trials.jvms() + " JVMs",
          SECONDS_PER_JVM * trials.jvms() / Math.max(LEAST_SHARE, spin.least())));
      trials.run(progress);
      List<Finding> findings = new ArrayList<>();
      findings.add(threads(trials, threads));
      findings.add(paged
          ? HugePages.of(new HugePages.Measured(HugePages.asked(flags.environment()),
              trials.speedup(automatic, otherPages),
              heap.equals(automatic) ? Optional.empty() : trials.speedup(automatic, heap)))
          : HugePages.unmeasured(pages));
      findings.add(flags.finding(trials.speedup(automatic, launched), trials.millis(launched)));
      return findings;
    }
  }

  private Finding threads(StepTrials trials, List<Trial> counts) {
    List<Threads.Timed> timed = counts.stream().flatMap(
        trial -> trials.millis(trial).map(some -> new Threads.Timed(trial.threads(), some)).stream()).toList();
    return timed.size() == counts.size()
        ? Threads.of(timed)
        : Finding.of("threads", "auto is " + processors + "; not measured: steps take too long");
  }

  private static List<String> with(List<String> flags, String another) {
    List<String> more = new ArrayList<>(flags);
    more.add(another);
    return more;
  }
}
