package norma.train.profile;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProfileTextTest {
  @Test
  void theSumComparesMediansWithTheStepAndKindsOfWorkHaveTheirRoof() {
    List<String> lines = ProfileText.lines(ProfileFixture.profile("small", 1));
    assertThat(lines).anySatisfy(line -> assertThat(line).startsWith("step ").contains("% of the product peak"));
    assertThat(lines).anySatisfy(
        line -> assertThat(line).startsWith("sum ").contains("layers and phases ")
            .endsWith("medians add up to 100.0 %"));
    assertThat(lines).anySatisfy(line -> assertThat(line).matches("MLP products +8 .* 1\\.40"));
    assertThat(lines).as("what packing the weights moves is not counted").anySatisfy(
        line -> assertThat(line).matches("phases +3 +1\\.40 +– +\\d+\\.\\d\u00a0% +– +– +–"));
    assertThat(lines).anySatisfy(
        line -> assertThat(line).matches("waiting +– +0\\.800 \\(0\\.760–0\\.880\\) .* \\d+\\.\\d\u00a0%.*"));
    assertThat(lines).noneMatch(line -> line.contains("NaN") || line.contains("Infinity"));
  }

  @Test
  void casesAreComparedWithTheFirstInSpeedAndSlotTime() {
    List<String> lines = ProfileText.comparison(
        List.of(ProfileFixture.profile("layernorm", 1), ProfileFixture.profile("dyt", 2)));
    assertThat(lines.get(1)).startsWith("layernorm ").contains("1.000 (1.000–1.000)");
    assertThat(lines.get(2)).startsWith("dyt ").contains("2.000 (2.000–2.000)");
    assertThat(lines).noneMatch(line -> line.contains("NaN"));
  }

  @Test
  void aProfileEndsWithWhatFollows() {
    List<String> costliest = ProfileAdvice.costliest(ProfileFixture.profile("small", 1));
    assertThat(costliest).hasSizeBetween(3, 7).allMatch(line -> line.length() < 80);
    assertThat(costliest.getFirst()).matches("costliest +ms +share +\u00d7 roof");
    assertThat(costliest.subList(1, costliest.size()).stream()
        .map(line -> Double.valueOf(line.replaceFirst(".* ([\\d.]+)\u00a0%.*", "$1"))).toList())
        .isSortedAccordingTo(Comparator.reverseOrder());
    assertThat(ProfileAdvice.threads(2, 1.3, 0)).singleElement().asString()
        .endsWith("a larger train.batch gives each more to do");
    assertThat(ProfileAdvice.threads(2, 1.3, 24)).singleElement().asString()
        .endsWith("from train.batch=24 on all pay");
    assertThat(ProfileAdvice.threads(2, 1.3, 0)).singleElement().asString()
        .startsWith("advice   the step is too small for 2 threads: one is 1.3 times as fast");
    assertThat(ProfileAdvice.threads(2, 1.05, 24)).isEmpty();
  }

  @Test
  void casesThatNoiseHidesAreNamed() {
    List<String> alike = ProfileText.comparison(
        List.of(ProfileFixture.profile("layernorm", 1), ProfileFixture.profile("same", 1),
            ProfileFixture.profile("dyt", 2)));
    assertThat(alike).contains("not separable from noise, by the quartiles of speed: same and layernorm; --steps "
        + "measures more rounds");
  }

  @Test
  void aSweepSaysItsPowersAndItsValuesInFull() {
    List<String> lines = ProfileText.scaling(ProfileFixture.sweepPlan(), ProfileFixture.sweeps());
    assertThat(lines.getFirst())
        .isEqualTo("model.layers: time grows with the power 1.00 (1.00 to 1.00), the FLOP model "
            + "with 1.58, time over FLOPs with 0.63");
    assertThat(lines.get(2)).startsWith("2  ");
    assertThat(lines)
        .anySatisfy(line -> assertThat(line).startsWith("runtime.threads: time grows with the power -0.58"));
  }

  @Test
  void aProfileThatIsNotToBeTrustedSaysSo() {
    Profile good = ProfileFixture.profile("small", 1);
    assertThat(ProfileText.doubts(good)).isEmpty();
    Profile.Steps s = good.steps();
    Profile dear = new Profile(good.name(), good.settings(), good.config(), good.backend(), good.peaks(),
        new Profile.Steps(s.plain(), s.watched(), 0.05, s.rounds(), s.slots(), s.count(), s.tokens(), s.flops()),
        good.rows(), good.memory(), good.recorded());
    assertThat(ProfileText.doubts(dear)).singleElement().asString().contains("watching costs more than 3 %");
  }
}
