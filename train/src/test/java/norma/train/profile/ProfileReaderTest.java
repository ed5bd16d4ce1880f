package norma.train.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import norma.models.Slot;
import norma.nn.NormType;
import norma.nn.NormTypes;
import norma.train.config.Assignment;
import norma.train.config.ConfigException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProfileReaderTest {
  private static final Path SHIPPED = Path.of("../configs/profiles");

  @TempDir
  private Path folder;

  @Test
  void theShippedComparisonHasEveryNormalization() {
    ProfilePlan plan = ProfileReader.read(SHIPPED.resolve("norms.yaml"), Assignment.parse(List.of("train.batch=3")));
    assertThat(plan.cases()).extracting(ProfilePlan.Case::name).startsWith("layernorm")
        .containsExactlyInAnyOrderElementsOf(NormTypes.all().stream().map(NormType::name).toList());
    assertThat(plan.compares()).isTrue();
    assertThat(plan.cases()).allMatch(one -> one.config().train().batch() == 3);
    assertThat(plan.cases().get(2).config().model().norm().of(Slot.FINAL).type()).isEqualTo("dyt");
  }

  @Test
  void theShippedSweepMeasuresWhatSeveralSweepsShareOnce() {
    ProfilePlan plan = ProfileReader.read(SHIPPED.resolve("scaling.yaml"), List.of());
    assertThat(plan.sweeps()).containsOnlyKeys("model.context", "model.width", "model.layers", "train.batch",
        "runtime.threads");
    int all = plan.sweeps().values().stream().mapToInt(List::size).sum();
    assertThat(plan.cases()).hasSize(all - 3); // the default context, width, depth and batch are the same case
    assertThat(plan.sweeps().values().stream().filter(cases -> cases.contains(1))).hasSize(4);
    assertThat(plan.compares()).isFalse();
  }

  @Test
  void aRunsConfigurationIsOneCase() throws IOException {
    ProfilePlan plan = read("model: {width: 32}", "train.batch=2");
    assertThat(plan.cases()).hasSize(1);
    assertThat(plan.cases().getFirst().config().model().width()).isEqualTo(32);
    assertThat(plan.steps()).isEqualTo(60);
  }

  @Test
  void whatIsWrongIsSaidWithItsPlace() {
    assertWrong("compare: {a: {model.width: 32}}", "compare: expected at least two cases");
    assertWrong("compare: {a: {model.width: 32}, b: {model.widht: 64}}", "did you mean model.width");
    assertWrong("sweep: {model.width: [32]}", "sweep.model.width: expected at least two different values");
    assertWrong("sweep: {model.width: [32, 32]}", "expected at least two different values");
    assertWrong("sweep: {model.width: 32}", "is not a list");
    assertWrong("sweep: [1, 2]", "is not a group");
    assertWrong("sweep: {}", "sweep: expected at least one setting");
    assertWrong("sweep: {model.width: [32, 64]}\nstep: 5", "did you mean steps");
    assertWrong("sweep: {model.width: [32, 64]}\ncompare: {a: {}, b: {}}", "compare and sweep at once");
    assertWrong("sweep: {model.width: [32, 64]}\nsteps: 2", "expected 3 to 100000");
    assertWrong("sweep: {model.width: [32, 64]}", "fixes model.width, which the file varies", "model.width=16");
    assertWrong("sweep: {model.norm.all: [dyt, derf]}", "put choices under compare");
  }

  private void assertWrong(String text, String message, String... settings) {
    assertThatThrownBy(() -> read(text, settings)).isInstanceOf(ConfigException.class)
        .hasMessageContaining(message);
  }

  private ProfilePlan read(String text, String... settings) throws IOException {
    Path file = Files.writeString(folder.resolve("profile.yaml"), text);
    return ProfileReader.read(file, Assignment.parse(List.of(settings)));
  }
}
