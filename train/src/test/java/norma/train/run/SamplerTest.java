package norma.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import norma.train.data.DataException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SamplerTest {
  private static final double[] LOGITS = { 0, Math.log(2), Math.log(5), -100 };

  @Test
  void drawsInProportionToTheSoftmax() {
    Sampler.Settings settings = new Sampler.Settings(1, 1, 0, 0);
    int[] counts = new int[4];
    int draws = 8000;
    for (int i = 0; i < draws; i++) {
      counts[Sampler.draw(LOGITS, settings, (i + 0.5) / draws)]++;
    }
    assertThat(counts).containsExactly(1000, 2000, 5000, 0);
  }

  @Test
  void temperatureSharpensAndZeroTakesTheMostLikely() {
    assertThat(Sampler.draw(LOGITS, new Sampler.Settings(1, 0, 0, 0), 0.01)).isEqualTo(2);
    int[] counts = new int[4];
    for (int i = 0; i < 3000; i++) {
      counts[Sampler.draw(LOGITS, new Sampler.Settings(1, 0.5, 0, 0), (i + 0.5) / 3000)]++;
    }
    assertThat(counts[2] / 3000.0).isCloseTo(25 / 30.0, within(1e-3)); // weights 1, 4, 25
  }

  @Test
  void topKLeavesOnlyTheMostLikely() {
    for (int i = 0; i < 100; i++) {
      assertThat(Sampler.draw(LOGITS, new Sampler.Settings(1, 1, 2, 0), i / 100.0)).isIn(1, 2);
      assertThat(Sampler.draw(LOGITS, new Sampler.Settings(1, 1, 1, 0), i / 100.0)).isEqualTo(2);
    }
  }

  @Test
  void aSampleDependsOnTheSeedAloneAndGoesOnPastTheContext(@TempDir Path folder) {
    try (Session session = Session.start(Runs.config(folder), Path.of(""), true)) {
      Sampler sampler = new Sampler(session);
      String first = sampler.sample("The ", new Sampler.Settings(40, 1, 0, 5));
      assertThat(first.codePointCount(0, first.length())).isEqualTo(40);
      assertThat(new Sampler(session).sample("The ", new Sampler.Settings(40, 1, 0, 5))).isEqualTo(first);
      assertThat(sampler.sample("The ", new Sampler.Settings(40, 1, 0, 6))).isNotEqualTo(first);
      assertThat(sampler.sample("The ", new Sampler.Settings(0, 1, 0, 6))).isEmpty();
    }
  }

  @Test
  void aLongSampleTakesNoMemoryForWhatIsToCome(@TempDir Path folder) {
    try (Session session = Session.start(Runs.config(folder), Path.of(""), true)) {
      Sampler sampler = new Sampler(session);
      StringBuilder seen = new StringBuilder();
      sampler.sample("The ", new Sampler.Settings(Integer.MAX_VALUE, 1, 0, 5),
          character -> seen.appendCodePoint(character).length() < 40);
      assertThat(seen.toString()).isEqualTo(sampler.sample("The ", new Sampler.Settings(40, 1, 0, 5)));
    }
  }

  @Test
  void aPromptWithUnknownCharactersNamesThem(@TempDir Path folder) {
    try (Session session = Session.start(Runs.config(folder), Path.of(""), true)) {
      assertThatThrownBy(() -> new Sampler(session).sample("Thé", new Sampler.Settings(1, 1, 0, 5)))
          .isInstanceOf(DataException.class).hasMessageContaining("'é' (U+00E9)");
    }
  }

  @Test
  void settingsOutOfRangeAreRefusedByName() {
    assertThatThrownBy(() -> new Sampler.Settings(-1, 1, 0, 0)).hasMessageContaining("--tokens is -1");
    assertThatThrownBy(() -> new Sampler.Settings(1, -0.1, 0, 0)).hasMessageContaining("--temperature is -0.1");
    assertThatThrownBy(() -> new Sampler.Settings(1, 1, -1, 0)).hasMessageContaining("--top-k is -1");
  }
}
