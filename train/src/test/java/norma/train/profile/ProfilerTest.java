package norma.train.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import norma.train.profile.Row.Group;
import org.junit.jupiter.api.Test;

class ProfilerTest {
  @Test
  void everyPartHasARowAndTheSharesAddUpToTheStep() {
    Profile profile = MeasuredFixture.small();
    assertThat(profile.rows()).extracting(Row::name).startsWith("tok_emb", "blocks.0.attn.pre", "blocks.0.attn.qkv",
        "blocks.0.attn.attention", "blocks.0.attn.proj", "blocks.0.attn.add", "blocks.0.mlp.pre", "blocks.0.mlp.fc",
        "blocks.0.mlp.gelu", "blocks.0.mlp.proj", "blocks.0.mlp.add", "blocks.1.attn.pre").endsWith("final", "head",
            "loss", "weights", "data", "gradients", "clipping", "optimizer", "waiting", "other");
    assertThat(profile.rows().stream().mapToDouble(Row::share).sum()).isCloseTo(1, within(1e-9));
    assertThat(profile.attributed() + profile.share("waiting") + profile.share("other")).isCloseTo(1, within(1e-9));
    assertThat(profile.rows()).filteredOn(row -> row.name().endsWith("gelu")).allSatisfy(row -> {
      assertThat(row.group()).isEqualTo(Group.ACTIVATION);
      assertThat(row.calls()).isEqualTo(4); // one pass for each of four shards
      assertThat(row.forward().median()).isPositive().isBetween(row.forward().low(), row.forward().high());
      assertThat(row.backward().median()).isPositive();
    });
    assertThat(profile.steps().count()).isEqualTo(5);
    assertThat(profile.steps().tokens()).isEqualTo(8 * 12);
    assertThat(profile.recorded()).hasSize(3);
  }

  /// Measured, for two threads and for one; which is faster is the machine's.
  @Test
  void aSmallStepHasOneAdviceAtMost() {
    assertThat(ProfileAdvice.threads(MeasuredFixture.small())).hasSizeLessThan(2)
        .allMatch(line -> line.startsWith("advice   the step is too small for 2 threads: "));
  }

  @Test
  void aRoofIsWhatTheCountedWorkNeedsAtThePeaks() {
    Profile profile = MeasuredFixture.small();
    Row fc = row(profile, "blocks.1.mlp.fc");
    double rows = 8 * 12;
    assertThat(fc.work().forwardFlops()).isEqualTo(2 * rows * 16 * 64);
    assertThat(fc.work().backwardFlops()).isEqualTo(2 * fc.work().forwardFlops());
    double pass = rows / 4; // of each of four shards
    double forward = 4 * (pass * 16 + 64 * 16 + pass * 64);
    double backward = 4 * (pass * 64 + pass * 16 + 64 * 16 + pass * 16 + 2 * 64 * 16);
    assertThat(fc.work().forwardBytes()).isEqualTo(4 * forward);
    assertThat(fc.work().backwardBytes()).isEqualTo(4 * backward);
    double products = 3 * fc.work().forwardFlops() / 100e6;
    assertThat(fc.roof().bandwidth()).isFalse();
    assertThat(fc.roof().millis()).isCloseTo(products, within(1e-12)).isGreaterThan(4 * (forward + backward) / 40e6);
    assertThat(fc.distance()).isCloseTo(fc.millis() / products, within(1e-9));
    Row add = row(profile, "blocks.0.mlp.add");
    assertThat(add.roof().bandwidth()).isTrue();
    assertThat(add.roof().millis()).isCloseTo(4 * 3 * rows * 16 / 40e6, within(1e-12)); // a pass is in the cache
    Row norm = row(profile, "final");
    assertThat(norm.group()).isEqualTo(Group.NORM);
    assertThat(norm.memory().kept()).isEqualTo(4 * 24 * (16 + 2)); // x, mean and rstd
    assertThat(norm.memory().arena()).isBetween(4L * 24 * (16 + 2), 4L * 24 * (16 + 2) + 3 * 64);
    // Its input is used again, by the residual add, whose gradient is there when the slot's is added.
    assertThat(row(profile, "blocks.1.mlp.pre").work().backwardBytes() - norm.work().backwardBytes())
        .isEqualTo(4 * rows * 16);
    Row optimizer = row(profile, "optimizer");
    double parameters = profile.memory().weights() / 4.0;
    assertThat(optimizer.work().forwardFlops()).isEqualTo(15 * parameters);
    assertThat(optimizer.work().forwardBytes()).isEqualTo(7 * 4 * parameters);
    assertThat(row(profile, "waiting").roof().millis()).isNaN();
  }

  /// 36 sequences of 64 are four shards of 9: a pass of 8 and one of 1 each.
  @Test
  void whereThePassesOfAStepDifferMemoryIsThatOfTheLargest() {
    Profile profile = MeasuredFixture.measured("train.batch=36",
        "model.context=64");
    assertThat(profile.memory().passTokens()).isEqualTo(8 * 64);
    Row fc = row(profile, "blocks.0.mlp.fc");
    assertThat(fc.work().forwardFlops()).isEqualTo(2.0 * 36 * 64 * 16 * 64);
    assertThat(fc.memory().kept()).isEqualTo(4 * 8 * 64 * 16);
    assertThat(fc.calls()).isEqualTo(8);
  }

  @Test
  void casesAreMeasuredInRoundsAndComparedRoundByRound() {
    ProfilePlan plan = new ProfilePlan("two", "two", "", List.of(
        new ProfilePlan.Case("one", List.of(), MeasuredFixture.config("model.norm.all=rmsnorm")),
        new ProfilePlan.Case("none", List.of(), MeasuredFixture.config("model.norm.all=none"))), Map.of(), 6);
    List<Profile> profiles = MeasuredFixture.measured(plan);
    assertThat(profiles).extracting(Profile::name).containsExactly("one", "none");
    assertThat(profiles).allMatch(profile -> profile.steps().rounds().size() == 6);
    List<CaseFigures> sides = CaseFigures.of(profiles);
    assertThat(sides.getFirst().speed()).isEqualTo(new Quartiles(1, 1, 1));
    assertThat(sides.getFirst().slots()).hasSize(5);
    assertThat(sides.getFirst().each(sides.getFirst().sum().memory().kept())).isEqualTo(4 * (16 + 1));
    assertThat(sides.get(1).slots()).isEmpty();
    assertThat(sides.get(1).sum().share()).isZero();
    List<Double> ratios = new ArrayList<>();
    for (int round = 0; round < 6; round++) {
      ratios.add(profiles.get(0).steps().rounds().get(round) / profiles.get(1).steps().rounds().get(round));
    }
    assertThat(sides.get(1).speed()).isEqualTo(Quartiles.of(ratios));
  }

  private static Row row(Profile profile, String name) {
    return profile.rows().stream().filter(row -> row.name().equals(name)).findFirst().orElseThrow();
  }
}
