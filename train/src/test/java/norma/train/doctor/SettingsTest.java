package norma.train.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SettingsTest {
  private static final String ON_REQUEST = "always [madvise] never\n";
  private static final Map<String, String> LAUNCHED = Map.of("OMP_WAIT_POLICY", "PASSIVE", "GLIBC_TUNABLES",
      "glibc.malloc.hugetlb=1");

  private static JvmSettings launchedWith(String... options) {
    return new JvmSettings(List.of(options), LAUNCHED, true, ON_REQUEST);
  }

  @Test
  void theLaunchersOptionsAreFine() {
    Finding flags = launchedWith("-XX:+UseSerialGC", "-Dmy=1", "-Xmx4g").flags();
    assertThat(flags.advice()).isEmpty();
    assertThat(flags.facts()).containsExactly("the launcher's, and none that slows a run");
  }

  @Test
  void aProgramOfOnesOwnHasOtherOptions() {
    Finding flags = new JvmSettings(List.of(), LAUNCHED, false, ON_REQUEST).flags();
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
    assertThat(launchedWith("-XX:TieredStopAtLevel=1", "-Xmx256m", "-Xmx1g").flags().advice()).isEmpty();
    assertThat(new JvmSettings(List.of(), Map.of("OMP_WAIT_POLICY", "ACTIVE"), true, ON_REQUEST).flags().facts())
        .singleElement().asString().startsWith("OMP_WAIT_POLICY=ACTIVE: ND4J's threads");
  }

  @Test
  void pagesAreOf2MegabytesWhereTheSystemGivesThem() {
    assertThat(launchedWith().pages().facts()).containsExactly("of 2 MB for native memory, as GLIBC_TUNABLES asks");
    assertThat(pages(ON_REQUEST).advice()).extracting(Finding.Advice::what)
        .containsExactly("set GLIBC_TUNABLES=glibc.malloc.hugetlb=1");
    assertThat(pages("[always] madvise never\n").facts().getFirst()).startsWith("of 2 MB without being asked");
    assertThat(pages("always madvise [never]\n").facts().getFirst()).startsWith("of 4 KB only");
    assertThat(pages("").advice()).isEmpty();
  }

  private static Finding pages(String setting) {
    return new JvmSettings(List.of(), Map.of("GLIBC_TUNABLES", "glibc.malloc.hugetlb=0"), true, setting).pages();
  }

  @Test
  void theLoadedNativeBuildIsTold() {
    String maps = "7f00-7f01 r-xp 0 fe:00 12 /c/nd4j-native-1.jar/org/nd4j/bindings/%s/libnd4jcpu.so\n";
    NativeBuild generic = NativeBuild.of(maps.formatted("linux-x86_64")).orElseThrow();
    NativeBuild oneDnn = NativeBuild.of(maps.formatted("linux-x86_64-onednn")).orElseThrow();
    assertThat(NativeBuild.of("")).isEmpty();
    assertThat(oneDnn.classifier()).isEqualTo("linux-x86_64-onednn");
    assertThat(oneDnn.finding("AVX2", false, Optional.empty()).advice()).isEmpty();
    assertThat(generic.finding("AVX2", false, Optional.empty()).advice()).hasSize(1);
    Finding own = generic.finding("AVX2", true, Optional.of(new NativeBuild.Products("cpu", 100, 90)));
    assertThat(own.advice()).isEmpty();
    assertThat(own.facts()).singleElement().asString().contains("100 GFLOP/s, ND4J's at 90", "nothing to gain");
  }

  @Test
  void aFaultyJdkIsNamed() {
    assertThat(JvmSettings.jdk(Runtime.Version.parse("25.0.2+10")).advice()).singleElement()
        .satisfies(advice -> assertThat(advice.sentence()).contains("25.0.3", "JDK-8377811"));
    assertThat(JvmSettings.jdk(Runtime.Version.parse("25.0.3+9")).advice()).isEmpty();
    assertThat(JvmSettings.jdk(Runtime.Version.parse("26")).advice()).isEmpty();
  }
}
