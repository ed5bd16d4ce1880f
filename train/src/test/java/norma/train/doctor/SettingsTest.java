package norma.train.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SettingsTest {
  private static final Map<String, String> LAUNCHED = JvmFlags.LAUNCHER_ENVIRONMENT;
  private static final Speedup NOISE = new Speedup(1.01, 0.9, 1.1, 6);
  private static final Speedup GAIN = new Speedup(1.25, 1.1, 1.4, 6);

  private static JvmFlags launcherAnd(String... more) {
    List<String> flags = new ArrayList<>(JvmFlags.LAUNCHER);
    flags.addAll(List.of(more));
    return new JvmFlags(flags, LAUNCHED);
  }

  @Test
  void theLauncherGivesTheseOptions() throws IOException {
    String script = Files.readString(Path.of(System.getProperty("norma.home"), "norma"));
    String options = script.substring(script.indexOf("\noptions=("),
        script.indexOf("\n)\n", script.indexOf("\noptions=(")));
    List<String> words = options.lines().skip(2).map(line -> line.replaceAll(" # .*", "")).flatMap(
        line -> List.of(line.strip().split(" ")).stream()).map(word -> word.replace("'", "")).toList();
    List<String> known = new ArrayList<>(JvmFlags.QUIET);
    known.addAll(JvmFlags.LAUNCHER);
    known.add("-Dnorma.home=\"$home\"");
    assertThat(words).containsExactlyInAnyOrderElementsOf(known);
    LAUNCHED
        .forEach((name, value) -> assertThat(script).contains("export " + name + "=${" + name + ":-" + value + "}"));
  }

  @Test
  void theLaunchersOptionsAreFine() {
    assertThat(launcherAnd("-Dmy=1", "-Xmx4g").asLauncher()).isTrue();
    assertThat(launcherAnd().finding(Optional.empty(), Optional.empty()).advice()).isEmpty();
  }

  @Test
  void missingAndOverriddenOptionsAreNamed() {
    JvmFlags byHand = new JvmFlags(List.of("-XX:+UseSerialGC"), LAUNCHED);
    assertThat(byHand.missing()).contains("-Dorg.bytedeco.javacpp.maxbytes=0").doesNotContain("-XX:+UseSerialGC");
    assertThat(launcherAnd("-XX:-UseSerialGC", "-Dorg.bytedeco.javacpp.maxbytes=1g").missing())
        .containsExactly("-XX:+UseSerialGC", "-Dorg.bytedeco.javacpp.maxbytes=0");
    assertThat(new JvmFlags(JvmFlags.LAUNCHER, Map.of("OMP_WAIT_POLICY", "ACTIVE")).variables())
        .containsExactly("OMP_WAIT_POLICY=PASSIVE");
  }

  @Test
  void optionsThatSlowARunAreNamed() {
    assertThat(launcherAnd("-Xint", "-XX:TieredStopAtLevel=1", "-agentlib:jdwp=transport=dt_socket", "-ea", "-Xmx200m")
        .slowers()).extracting(JvmFlags.Slowing::flag).containsExactly("-Xint", "-XX:TieredStopAtLevel=1",
            "-agentlib:jdwp=transport=dt_socket", "-ea", "-Xmx200m");
    assertThat(launcherAnd("-XX:TieredStopAtLevel=4", "-Xmx256m", "-Xmx1g").slowers()).isEmpty();
  }

  @Test
  void aSecondProcessHasNeitherPortsNorRecordingsOfTheFirst() {
    assertThat(launcherAnd("-agentlib:jdwp=x", "-XX:StartFlightRecording=filename=a", "-Dmy=1").repeatable())
        .isEqualTo(launcherAnd("-Dmy=1").given());
  }

  @Test
  void optionsAreAdvisedAsFarAsTheyWereMeasuredToHelp() {
    JvmFlags slow = launcherAnd("-ea");
    assertThat(slow.unmeasured().facts()).containsExactly("-ea: assertions are checked");
    assertThat(slow.unmeasured().advice()).singleElement()
        .satisfies(advice -> assertThat(advice.effect()).isEqualTo("not measured"));
    assertThat(launcherAnd().unmeasured().advice()).isEmpty();
    assertThat(slow.finding(Optional.of(NOISE), Optional.of(List.of(10.0))).advice()).isEmpty();
    assertThat(slow.finding(Optional.of(GAIN), Optional.of(List.of(10.0))).advice()).singleElement()
        .satisfies(advice -> assertThat(advice.effect()).contains("1.25 times as fast (1.10 to 1.40 in 6 rounds)"));
    assertThat(launcherAnd("-Xint").finding(Optional.empty(), Optional.of(List.of(10.0))).advice()).singleElement()
        .satisfies(advice -> assertThat(advice.effect())
            .contains("no step in all the time it was given, 10.0 ms a step with"));
    assertThat(launcherAnd("-agentlib:jdwp=x").finding(Optional.of(NOISE), Optional.of(List.of(10.0))).advice())
        .singleElement().satisfies(advice -> assertThat(advice.effect()).startsWith("not measured"));
  }

  @Test
  void aGainIsWhatEveryRoundShows() {
    List<Double> before = List.of(10.0, 11.0, 10.0, 12.0, 10.0, 10.0);
    assertThat(Speedup.of(before, List.of(8.0, 9.0, 8.0, 9.0, 8.0, 8.0)).gain()).isTrue();
    assertThat(Speedup.of(before, List.of(8.0, 9.0, 8.0, 9.0, 8.0, 10.1)).gain()).isFalse();
    assertThat(Speedup.of(before, List.of(9.9, 10.9, 9.9, 11.9, 9.9, 9.9)).gain()).as("too little").isFalse();
    assertThat(Speedup.of(List.of(10.0), List.of(5.0)).gain()).as("too few rounds").isFalse();
    assertThat(new Speedup(1.25, 1, 2, 6).inverse()).isEqualTo(new Speedup(0.8, 0.5, 1, 6));
  }

  @Test
  void fewerThreadsAreAdvisedWhereTheyAreFaster() {
    Threads.Timed one = new Threads.Timed(1, List.of(20.0, 20.0, 20.0, 20.0, 20.0, 20.0));
    Threads.Timed slow = new Threads.Timed(2, List.of(25.0, 26.0, 25.0, 25.0, 25.0, 25.0));
    Threads.Timed fast = new Threads.Timed(2, List.of(11.0, 11.0, 11.0, 11.0, 11.0, 11.0));
    assertThat(Threads.of(List.of(one, slow)).advice()).singleElement().satisfies(advice -> {
      assertThat(advice.what()).isEqualTo("set runtime.threads=1");
      assertThat(advice.effect()).contains("1.25 times as fast");
    });
    assertThat(Threads.of(List.of(one, slow)).facts().getLast()).contains("hardly more than one core");
    Finding scales = Threads.of(List.of(one, fast));
    assertThat(scales.advice()).isEmpty();
    assertThat(scales.facts().getLast()).contains("1.82 times as fast as one").doesNotContain("hardly");
    assertThat(Threads.of(List.of(one)).advice()).isEmpty();
  }

  @Test
  void countsOfThreadsAreThoseThatSequencesCanUse() {
    assertThat(Threads.candidates(1, 12)).containsExactly(1);
    assertThat(Threads.candidates(2, 12)).containsExactly(1, 2);
    assertThat(Threads.candidates(12, 12)).containsExactly(1, 2, 4, 6, 8, 12);
    assertThat(Threads.candidates(64, 12)).containsExactly(1, 2, 4, 8, 64);
  }

  @Test
  void hugePagesAreMeasuredWhereTheyComeOnRequest() {
    assertThat(HugePages.onRequest("always [madvise] never\n")).isTrue();
    assertThat(HugePages.onRequest("[always] madvise never\n")).isFalse();
    assertThat(HugePages.onRequest("")).isFalse();
    assertThat(HugePages.unmeasured("always madvise [never]\n").facts().getFirst()).contains("cannot be measured");
    assertThat(HugePages.unmeasured("[always] madvise never\n").facts().getFirst()).contains("nothing to gain");
  }

  @Test
  void theVariableIsChangedInOnePlaceOnly() {
    assertThat(HugePages.other(LAUNCHED)).containsEntry(HugePages.VARIABLE, HugePages.OFF);
    assertThat(HugePages.other(Map.of())).containsEntry(HugePages.VARIABLE, HugePages.ON);
    assertThat(HugePages.other(Map.of(HugePages.VARIABLE, "glibc.malloc.hugetlb=0:glibc.malloc.tcache_count=7")))
        .containsEntry(HugePages.VARIABLE, "glibc.malloc.tcache_count=7:" + HugePages.ON);
  }

  @Test
  void hugePagesAreAdvisedAsFarAsTheyHelp() {
    Finding noise = HugePages.of(new HugePages.Measured(true, Optional.of(NOISE), Optional.of(NOISE)));
    assertThat(noise.advice()).isEmpty();
    assertThat(noise.facts().getLast()).isEqualTo("nothing to gain from a change");
    Speedup two = new Speedup(2.5, 2.1, 3.1, 2);
    Finding unproven = HugePages.of(new HugePages.Measured(false, Optional.of(two), Optional.empty()));
    assertThat(unproven.advice()).isEmpty();
    assertThat(unproven.facts().getLast()).isEqualTo("too few rounds to advise a change");
    assertThat(HugePages.of(new HugePages.Measured(false, Optional.of(GAIN), Optional.of(GAIN))).advice())
        .extracting(Advice::what)
        .containsExactly("set GLIBC_TUNABLES=glibc.malloc.hugetlb=1",
            "start Java with -XX:+UseTransparentHugePages, for example in JAVA_TOOL_OPTIONS");
    assertThat(
        HugePages.of(new HugePages.Measured(true, Optional.of(GAIN), Optional.empty())).advice().getFirst().what())
        .isEqualTo("set GLIBC_TUNABLES=glibc.malloc.hugetlb=0");
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
    assertThat(Doctor.jdk(Runtime.Version.parse("25.0.2+10")).advice()).singleElement()
        .satisfies(advice -> assertThat(advice.sentence()).contains("25.0.3", "JDK-8377811"));
    assertThat(Doctor.jdk(Runtime.Version.parse("25.0.3+9")).advice()).isEmpty();
    assertThat(Doctor.jdk(Runtime.Version.parse("26")).advice()).isEmpty();
  }
}
