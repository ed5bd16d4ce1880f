package norma.train.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import norma.nn.NormTypes;
import norma.train.config.ConfigKey;
import norma.train.config.ConfigReader;
import norma.train.config.RunConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigCommandTest {

  @Test
  void everyKeyIsListedWithItsDefaultItsRangeAndWhatItDoes() {
    Outcome outcome = Outcome.of("config");
    assertThat(outcome.code()).isZero();
    assertThat(outcome.err()).isEmpty();
    ConfigKey.all().forEach(key -> assertThat(outcome.out().lines()).as(key.path())
        .anyMatch(line -> line.startsWith(key.path() + " ") && line.contains(key.start())
            && line.contains(key.accepts()) && line.endsWith(key.does())));
    assertThat(outcome.out()).doesNotContain("\u001B").contains("model.norm.attn.pre", "before the attention (GPT-2)");
  }

  @Test
  void aGroupListsItsKeysAlone() {
    assertThat(Outcome.of("config", "runtime").out().lines()).hasSize(5).last().asString()
        .startsWith("runtime.precision  ");
  }

  @Test
  void aKeyIsDescribed() {
    assertThat(Outcome.of("config", "train.checkpoint_every").out().lines()).containsExactly("train.checkpoint_every",
        "default     500", "accepts     0 to 2147483647",
        "does        steps between two checkpoints, beside those of the lowest validation loss; 0 = off",
        "resuming    a run may change it");
    assertThat(Outcome.of("config", "optim.lr").out()).endsWith("resuming    a run keeps it\n");
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = { "train.stepz | train.stepz: unknown key; did you mean train.steps?",
      "optim.learning_rate | optim.learning_rate: unknown key; did you mean optim.lr?",
      "checkpoint_every | checkpoint_every: unknown key; did you mean train.checkpoint_every?",
      "optm | optm: unknown key; did you mean optim?", "model.norm.qkk | did you mean model.norm.qk?",
      "output.zebra | output.zebra: unknown key. Valid keys here: output.dir", "a=b | a=b: unknown key",
      "optim --dump | KEY and --dump at once; expected one of them" })
  void anUnknownKeyIsOneLineWithTheNearestName(String arguments, String message) {
    Outcome.of(("config " + arguments).split(" ", -1)).refused(2, message);
  }

  @Test
  void theDumpReadsBackAsTheDefaults(@TempDir Path folder) throws Exception {
    Path file = Files.writeString(folder.resolve("dump.yaml"), Outcome.of("config", "--dump").out());
    assertThat(new ConfigReader(NormTypes.all()).read(file, List.of())).isEqualTo(RunConfig.DEFAULT);
  }
}
