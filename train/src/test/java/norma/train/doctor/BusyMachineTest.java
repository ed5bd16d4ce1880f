package norma.train.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.OptionalDouble;
import norma.train.doctor.BusyProcessors.Ticks;
import org.junit.jupiter.api.Test;

class BusyMachineTest {
  private static final Power NO_CLOCK = new Power(List.of(), List.of(), List.of());
  private static final Quota NO_QUOTA = new Quota(OptionalDouble.empty(), 0);

  @Test
  void ticksOfAllProcessorsAreReadWithoutGuestsCountedTwice() {
    Ticks early = Ticks.of("cpu  100 10 30 500 20 1 2 40 90 5\ncpu0 1 2 3 4\n");
    assertThat(early).isEqualTo(new Ticks(143, 40, 703));
    Ticks late = Ticks.of("cpu  160 10 30 510 20 1 2 50 90 5\n");
    assertThat(late.minus(early)).isEqualTo(new Ticks(60, 10, 80));
  }

  @Test
  void aSystemWithoutSuchCountsShowsNobody() {
    assertThat(Ticks.of("")).isEqualTo(new Ticks(0, 0, 0));
    assertThat(Ticks.of("cpu  7 0 3 90\n")).isEqualTo(new Ticks(10, 0, 100));
  }

  @Test
  void theQuotaOfAControlGroupIsRead() {
    assertThat(Quota.of("150000 100000\n", "usage_usec 9\nnr_throttled 3\nthrottled_usec 2500000\n"))
        .isEqualTo(new Quota(OptionalDouble.of(1.5), 2.5));
    assertThat(Quota.of("max 100000\n", "usage_usec 9\n")).isEqualTo(NO_QUOTA);
    assertThat(Quota.of("", "")).isEqualTo(NO_QUOTA);
    assertThat(Quota.path("9:name=systemd:/\n1:cpu,cpuacct:/docker/b\n0::/user.slice\n")).contains("/user.slice");
    assertThat(Quota.path("")).isEmpty();
  }

  @Test
  void aQuietMachineGivesNoAdvice() {
    BusyProcessors busy = new BusyProcessors(new double[]{ 0.99, 0.98 }, 0.01, 0.01, 0, NO_QUOTA, NO_CLOCK);
    assertThat(busy.finding().advice()).isEmpty();
    assertThat(busy.finding().facts()).singleElement().asString().contains("slowest 98 %", "no quota");
  }

  @Test
  void theGreatestTakerIsNamedWithWhatAStepLoses() {
    Finding beside = new BusyProcessors(new double[]{ 0.9, 0.5 }, 0.3, 0.02, 0, NO_QUOTA, NO_CLOCK).finding();
    assertThat(beside.advice()).singleElement().satisfies(advice -> {
      assertThat(advice.what()).startsWith("end or wait for what runs beside");
      assertThat(advice.why()).contains("30 % other processes", "2 % the hypervisor");
      assertThat(advice.effect()).contains("up to 2.00 times as fast");
    });
    Finding stolen = new BusyProcessors(new double[]{ 0.9, 0.9 }, 0.01, 0.1, 0, NO_QUOTA, NO_CLOCK).finding();
    assertThat(stolen.advice().getFirst().what()).startsWith("use a machine whose processors are not shared");
    Finding limited = new BusyProcessors(new double[]{ 0.7, 0.8 }, 0, 0, 0.25, new Quota(OptionalDouble.of(1.5), 9),
        NO_CLOCK)
        .finding();
    assertThat(limited.advice().getFirst().what()).startsWith("raise the quota");
    assertThat(limited.advice().getFirst().why()).contains("the quota of 1.5 processors stopped them for 25 %");
  }

  @Test
  void savingPowerMattersOnlyWhereItIsSlowUnderLoad() {
    Power slow = new Power(List.of("powersave", "powersave"), List.of(1_200_000L, 1_200_000L),
        List.of(3_600_000L, 3_600_000L));
    assertThat(slow.finding().advice()).singleElement().satisfies(advice -> {
      assertThat(advice.what()).contains("governor to performance");
      assertThat(advice.effect()).contains("33 % of the highest clock");
    });
    Power fast = new Power(List.of("powersave"), List.of(3_400_000L), List.of(3_600_000L));
    assertThat(fast.finding().advice()).isEmpty();
    assertThat(fast.finding().facts()).singleElement().asString().contains("3.4 GHz of 3.6");
    Power hot = new Power(List.of("performance"), List.of(1_000_000L), List.of(3_600_000L));
    assertThat(hot.finding().advice().getFirst().what()).contains("power or heat");
    assertThat(NO_CLOCK.finding().advice()).isEmpty();
  }

  @Test
  void shortMemoryIsSeen() {
    String memory = "MemTotal:  1000 kB\nMemAvailable:  500 kB\nSwapTotal: 2048 kB\nSwapFree: 1024 kB\n";
    MemoryPressure swapped = MemoryPressure.of(memory, "VmSwap:\t 0 kB\n");
    assertThat(swapped).isEqualTo(new MemoryPressure(0.5, 1024.0 * 1024, 0));
    assertThat(swapped.finding().advice()).as("what others swapped out costs nothing").isEmpty();
    assertThat(MemoryPressure.of(memory, "VmSwap:\t 8 kB\n").finding().advice()).hasSize(1);
    assertThat(MemoryPressure.of(memory.replace("500", "10"), "").finding().advice()).hasSize(1);
    assertThat(MemoryPressure.of("", "").finding().advice()).as("another system").isEmpty();
  }
}
