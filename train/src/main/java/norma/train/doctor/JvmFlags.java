package norma.train.doctor;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import norma.train.report.Median;

/// The options that a JVM was started with, against those that the launcher gives.
///
/// @param given       in their order; of two that contradict each other the later one holds
/// @param environment variables of the process
public record JvmFlags(List<String> given, Map<String, String> environment) {
  /// What the launcher `norma` gives and a step's speed may depend on.
  static final List<String> LAUNCHER = List.of("-XX:+UseSerialGC", "-Dorg.bytedeco.javacpp.maxbytes=0",
      "-Dorg.bytedeco.javacpp.maxphysicalbytes=0", "-XX:Tier4InvocationThreshold=50000",
      "-XX:Tier4MinInvocationThreshold=6000", "-XX:Tier4CompileThreshold=150000", "-XX:Tier4BackEdgeThreshold=400000");
  /// The launcher's options that only keep the JVM and ND4J quiet.
  static final List<String> QUIET = List.of("--enable-native-access=ALL-UNNAMED",
      "--sun-misc-unsafe-memory-access=allow", "-Dorg.nd4j.log.initialization=false");
  /// Variables that the launcher sets unless the user has.
  static final Map<String, String> LAUNCHER_ENVIRONMENT = Map.of("OMP_WAIT_POLICY", "PASSIVE", HugePages.VARIABLE,
      HugePages.ON);
  private static final String LABEL = "flags";
  private static final String FINE = "the launcher's, and none that slows a run";
  private static final String START = "start with ./norma, and without options of your own in JAVA_TOOL_OPTIONS";
  /// They cannot run in a second process at the same time (a port, a file), or would wait for somebody.
  private static final Predicate<String> ALONE = Pattern
      .compile("-agentlib:.*|-agentpath:.*|-javaagent:.*|-Xrunjdwp.*|-XX:StartFlightRecording.*|-XX:AOTCacheOutput=.*")
      .asMatchPredicate();
  /// Reasons by pattern.
  private static final Map<Pattern, String> SLOWING = slowing();

  /// An option that may slow a run.
  ///
  /// @param alone whether it was not measured, because a second process cannot have it
  public record Slowing(String flag, String why, boolean alone) {}

  private static Map<Pattern, String> slowing() {
    Map<Pattern, String> reasons = new LinkedHashMap<>();
    reasons.put(Pattern.compile("-Xint"), "nothing is compiled");
    reasons.put(Pattern.compile("-XX:TieredStopAtLevel=[0-3]"),
        "the second compiler is off");
    reasons.put(Pattern.compile("-Xcomp"), "everything is compiled before it runs");
    reasons.put(Pattern.compile("-XX:ActiveProcessorCount=\\d+"),
        "the JVM counts so many processors, not the machine's");
    reasons.put(Pattern.compile("-agentlib:jdwp.*|-Xrunjdwp.*"), "a debugger may wait or set breakpoints");
    reasons.put(Pattern.compile("-agentlib:.*|-agentpath:.*|-javaagent:.*"), "an agent may change the code that runs");
    reasons.put(Pattern.compile("-Xcheck:jni"), "every native call is checked");
    reasons.put(Pattern.compile("-ea.*|-enableassertions.*"), "assertions are checked");
    reasons.put(Pattern.compile("-Xmx(\\d{1,5}[kK]|([1-9]?\\d|1\\d\\d|2[0-4]\\d|25[0-5])[mM])"),
        "a heap below 256 MB is collected often");
    return reasons;
  }

  /// Options of the launcher that are absent, or overridden by a later one.
  List<String> missing() {
    return LAUNCHER.stream().filter(flag -> !holds(flag)).toList();
  }

  /// Options that may slow a run.
  List<Slowing> slowers() {
    List<Slowing> found = new ArrayList<>();
    for (String flag : given) {
      SLOWING.entrySet().stream().filter(reason -> reason.getKey().matcher(flag).matches() && holds(flag)).findFirst()
          .ifPresent(reason -> found.add(new Slowing(flag, reason.getValue(), ALONE.test(flag))));
    }
    return found;
  }

  /// Whether they are the launcher's, with nothing that may slow a run.
  boolean asLauncher() {
    return missing().isEmpty() && slowers().isEmpty() && variables().isEmpty();
  }

  /// Variables of the launcher that have another value here; those of huge pages are a check of their own.
  List<String> variables() {
    return LAUNCHER_ENVIRONMENT.entrySet().stream()
        .filter(e -> !e.getKey().equals(HugePages.VARIABLE) && !e.getValue().equals(environment.get(e.getKey())))
        .map(e -> e.getKey() + "=" + e.getValue()).toList();
  }

  /// What is seen without measuring.
  public Finding unmeasured() {
    return asLauncher()
        ? Finding.of(LABEL, FINE)
        : new Finding(LABEL, facts(), List.of(new Advice(START, "options differ from the launcher's", "not measured")));
  }

  private List<String> facts() {
    List<String> facts = new ArrayList<>();
    List<String> absent = new ArrayList<>(missing());
    absent.addAll(variables());
    if (!absent.isEmpty()) {
      facts.add("not as the launcher sets them: " + String.join(" ", absent));
    }
    slowers().forEach(slower -> facts.add(slower.flag + ": " + slower.why
        + (slower.alone ? "; not measured, a second process cannot have it" : "")));
    return facts;
  }

  /// @param launched how much faster steps are with the launcher's options; nothing if either was not measured
  /// @param millis   of a step with the launcher's options, for each round
  Finding finding(Optional<Speedup> launched, Optional<List<Double>> millis) {
    if (asLauncher()) {
      return Finding.of(LABEL, FINE);
    }
    List<String> facts = facts();
    String effect = launched.map(speedup -> "a step with the launcher's options is " + speedup)
        .or(() -> millis.map(steps -> String.format(Locale.ROOT,
            "no step in all the time it was given, %.1f ms a step with the launcher's options",
            Median.of(steps))))
        .orElse("steps take too long with the launcher's options too");
    boolean gain = launched.map(Speedup::gain).orElse(millis.isPresent());
    boolean unknown = slowers().stream().anyMatch(Slowing::alone);
    if (!gain) {
      boolean conclusive = launched.filter(Speedup::conclusive).isPresent();
      facts.add(effect + (unknown ? "" : conclusive ? ": nothing to gain" : ": too few rounds to advise a change"));
    }
    return new Finding(LABEL, facts, gain || unknown
        ? List.of(new Advice(START, "options differ from the launcher's",
            gain ? "measured: " + effect : "not measured for those of agents"))
        : List.of());
  }

  /// The options for a second process beside this one.
  List<String> repeatable() {
    return given.stream().filter(flag -> !ALONE.test(flag)).toList();
  }

  /// The launcher's options, with this program's own settings and class cache.
  List<String> asLaunched() {
    List<String> flags = new ArrayList<>(QUIET);
    flags.addAll(LAUNCHER);
    given.stream().filter(flag -> flag.startsWith("-Dnorma.") || flag.startsWith("-XX:AOTCache=")
        || flag.startsWith("-Xlog:aot") || flag.startsWith("-Xlog:cds")).forEach(flags::add);
    return flags;
  }

  private boolean holds(String flag) {
    return given.contains(flag) && (repeats(flag)
        || flag.equals(given.stream().filter(other -> key(other).equals(key(flag))).toList().getLast()));
  }

  /// Whether several of the kind hold together.
  private static boolean repeats(String flag) {
    return flag.startsWith("--") || flag.startsWith("-agent")
        || flag.startsWith("-javaagent");
  }

  /// What a later option of the same kind overrides.
  private static String key(String flag) {
    if (flag.startsWith("-XX:+") || flag.startsWith("-XX:-")) {
      return flag.substring(5);
    }
    if (flag.startsWith("-Xmx")) {
      return "-Xmx";
    }
    int value = flag.indexOf('=');
    return value < 0 ? flag : flag.substring(0, value);
  }
}
