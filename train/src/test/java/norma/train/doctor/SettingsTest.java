package norma.train.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SettingsTest {
  private static final Map<String, String> LAUNCHED = Map.of("OMP_WAIT_POLICY", "PASSIVE");

  private static JvmSettings launchedWith(String... options) {
    return new JvmSettings(List.of(options), LAUNCHED, true);
  }

  @Test
  void theLaunchersOptionsAreFine() {
    Finding flags = launchedWith("-XX:+UseSerialGC", "-Dmy=1", "-Xmx4g").flags();
    assertThat(flags.advice()).isEmpty();
    assertThat(flags.facts()).containsExactly("the launcher's, and none that slows a run");
  }

  @Test
  void aProgramOfOnesOwnHasOtherOptions() {
    Finding flags = new JvmSettings(List.of(), LAUNCHED, false).flags();
    assertThat(flags.facts()).containsExactly("not the launcher's");
    assertThat(flags.advice()).singleElement().satisfies(advice -> {
      assertThat(advice.what()).startsWith("start with ./norma");
      assertThat(advice.effect()).isEqualTo("not measured");
    });
  }

  @Test
  void optionsThatSlowARunAreNamed() {
    assertThat(launchedWith("-Xint", "-agentlib:jdwp=transport=dt_socket", "-ea",
        "-Xmx200m").flags().facts()).containsExactly("-Xint: nothing is compiled",
            "-agentlib:jdwp=transport=dt_socket: a debugger may wait or set breakpoints", "-ea: assertions are checked",
            "-Xmx200m: a heap below 256 MB is collected often");
    assertThat(launchedWith("-Xint").flags().advice()).singleElement()
        .satisfies(advice -> assertThat(advice.what()).contains("JDK_JAVA_OPTIONS or JAVA_TOOL_OPTIONS"));
    assertThat(launchedWith("-XX:TieredStopAtLevel=1", "-Xmx256m", "-Xmx1g").flags().advice()).isEmpty();
    assertThat(new JvmSettings(List.of(), Map.of("OMP_WAIT_POLICY", "ACTIVE"), true).flags().facts())
        .singleElement().asString().startsWith("OMP_WAIT_POLICY=ACTIVE: ND4J's threads");
  }

  @Test
  void aFaultyJdkIsNamed() {
    assertThat(JvmSettings.jdk(Runtime.Version.parse("25.0.2+10")).advice()).singleElement()
        .satisfies(advice -> assertThat(advice.sentence()).contains("25.0.3", "JDK-8377811"));
    assertThat(JvmSettings.jdk(Runtime.Version.parse("25.0.3+9")).advice()).isEmpty();
    assertThat(JvmSettings.jdk(Runtime.Version.parse("26")).advice()).isEmpty();
  }
}
