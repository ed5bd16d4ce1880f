package norma.train.config;

import static norma.train.config.TestNorms.read;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Every count has a range that the arithmetic behind it can take; those that are multiplied are refused together.
class CountsTest {
  private static final String STEPS = "expected 1 to 999999999";
  private static final String COUNT = "expected 1 to 2147483647";
  private static final String EVERY = "expected 0 to 2147483647";

  /// The largest value, one more, and what is said of that.
  @ParameterizedTest
  @CsvSource({ "train, steps, 999999999, " + STEPS,
      "train, accumulate, 2796202, train.batch 12 times train.accumulate 2796203 times model.context 64",
      "train, batch, 1677721, train.eval_batches 20 times train.batch 1677722 times model.context 64",
      "train, eval_batches, 2796202, train.eval_batches 2796203 times train.batch 12 times model.context 64",
      "train, log_every, 2147483647, " + EVERY, "train, eval_every, 2147483647, " + EVERY,
      "train, sample_every, 2147483647, " + EVERY, "train, checkpoint_every, 2147483647, " + EVERY,
      "train, layers_every, 2147483647, " + EVERY, "train, norm_every, 2147483647, " + EVERY,
      "train, keep_checkpoints, 2147483647, " + COUNT, "train, eval_tokens, 2147483647, " + COUNT + ", or all",
      "optim, decay_steps, 2147483647, " + EVERY,
      "optim, warmup_steps, 1999, is 2000, not above optim.warmup_steps 2000",
      "model, layers, 1024, expected 1 to 1024", "model, width, 65536, expected 1 to 65536",
      "model, context, 1048576, expected 1 to 1048576", "model, mlp_ratio, 64, expected 1 to 64",
      "runtime, threads, 4096, expected 1 to 4096" })
  void theLargestIsTakenAndOneMoreIsRefused(String section, String key, long largest, String refused) {
    String rest = key.equals("context") ? ", heads: 1" : "";
    String small = key.equals("context") ? "\ntrain: {batch: 2}" : "";
    assertThatCode(() -> read(section + ": {" + key + ": " + largest + rest + "}" + small)).doesNotThrowAnyException();
    assertThatThrownBy(() -> read(section + ": {" + key + ": " + (largest + 1) + rest + "}" + small))
        .isInstanceOf(ConfigException.class).hasMessageContaining(refused).message().doesNotContain("\n");
  }

  @ParameterizedTest
  @ValueSource(strings = { "steps", "batch", "accumulate", "eval_batches", "keep_checkpoints", "eval_tokens" })
  void noneIsRefusedWhereOneIsNeeded(String key) {
    assertThatThrownBy(() -> read("train: {" + key + ": 0}")).isInstanceOf(ConfigException.class)
        .hasMessageContaining("train." + key + ": 0 is out of range; expected 1 to ");
  }

  /// Products that overflow a long as well.
  @ParameterizedTest
  @CsvSource({ "1000000, 3000, 20, train.accumulate", "2147483647, 2147483647, 1, train.accumulate",
      "1, 1, 2147483647, train.eval_batches", "2147483647, 1, 2147483647, train.accumulate" })
  void whatIsTooLargeTogetherIsRefusedByAllNames(int batch, int accumulate, int evalBatches, String other) {
    assertThatThrownBy(() -> read("train: {batch: " + batch + ", accumulate: " + accumulate + ", eval_batches: "
        + evalBatches + "}\nmodel: {context: 1000}")).isInstanceOf(ConfigException.class)
        .hasMessageContainingAll("train.batch " + batch, other, "model.context 1000",
            "is more than 2147483647 tokens in ");
  }

  @ParameterizedTest
  @CsvSource({ "63, false", "64, true", "all, true" })
  void anEstimateHasAtLeastOneWindow(String tokens, boolean taken) {
    if (taken) {
      assertThatCode(() -> read("train: {eval_tokens: " + tokens + "}")).doesNotThrowAnyException();
    } else {
      assertThatThrownBy(() -> read("train: {eval_tokens: " + tokens + "}")).hasMessageContaining(
          "train.eval_tokens is 63, less than one window of model.context 64; expected at least that, or all");
    }
  }
}
