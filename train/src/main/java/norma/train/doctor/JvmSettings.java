package norma.train.doctor;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import norma.train.doctor.Finding.Advice;

/// What this JVM was started with.
///
/// @param options      of the JVM, in their order
/// @param environment  variables of the process
/// @param byLauncher   whether `./norma` started it
public record JvmSettings(List<String> options, Map<String, String> environment, boolean byLauncher) {
  private static final String START = "start with ./norma, without options of your own in JDK_JAVA_OPTIONS or "
      + "JAVA_TOOL_OPTIONS and without OMP_WAIT_POLICY";
  private static final Map<Pattern, String> SLOWING = slowing();

  /// Those of this process.
  ///
  /// @param options as the JVM's own bean tells them
  public static JvmSettings current(List<String> options) {
    return new JvmSettings(options, System.getenv(), System.getProperty("norma.terminal") != null);
  }

  private static Map<Pattern, String> slowing() {
    Map<Pattern, String> reasons = new LinkedHashMap<>();
    reasons.put(Pattern.compile("-Xint"), "nothing is compiled");
    reasons.put(Pattern.compile("-Xcomp"), "everything is compiled before it runs");
    reasons.put(Pattern.compile("-XX:ActiveProcessorCount=\\d+"),
        "the JVM counts so many processors, not the machine's");
    reasons.put(Pattern.compile("-agentlib:jdwp.*|-Xrunjdwp.*"), "a debugger may wait or set breakpoints");
    reasons.put(Pattern.compile("-agentlib:.*|-agentpath:.*|-javaagent:.*"), "an agent may change the code that runs");
    reasons.put(Pattern.compile("-Xcheck:jni"), "every native call is checked");
    reasons.put(Pattern.compile("-ea.*|-enableassertions.*"), "assertions are checked");
    reasons.put(Pattern.compile("-Xmx(\\d{1,5}[kK]|([1-9]?\\d|1\\d\\d|2[0-4]\\d|25[0-5])[mM])"),
        "a heap below 256 MB is collected often");
    reasons.put(Pattern.compile("OMP_WAIT_POLICY=ACTIVE"), "ND4J's threads keep processors busy while they wait");
    return reasons;
  }

  /// Whether options slow a run.
  public Finding flags() {
    List<String> facts = new ArrayList<>();
    if (!byLauncher) {
      facts.add("not the launcher's");
    }
    List<String> given = new ArrayList<>(options);
    given.add("OMP_WAIT_POLICY=" + environment.get("OMP_WAIT_POLICY"));
    for (String option : given) {
      SLOWING.entrySet().stream().filter(reason -> reason.getKey().matcher(option).matches()).findFirst()
          .ifPresent(reason -> facts.add(option + ": " + reason.getValue()));
    }
    return facts.isEmpty()
        ? Finding.of("flags", "the launcher's, and none that slows a run")
        : new Finding("flags", facts, List.of(new Advice(START, "options differ from the launcher's", "not measured")));
  }

  /// Whether the JDK has a known fault.
  public static Finding jdk(Runtime.Version version) {
    boolean faulty = version.feature() == 25 && version.update() < 3;
    return new Finding("jdk", List.of(), faulty
        ? List.of(new Advice("install JDK 25.0.3 or later", "25.0.0 to 25.0.2 have a fault in the G1 collector"
            + " (JDK-8377811)", "a crash or lost time of other programs, not measured"))
        : List.of());
  }
}
