package norma.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import norma.array.Array;
import norma.array.DType;
import norma.autodiff.Pass;
import norma.autodiff.Tape;
import norma.random.RandomStream;
import norma.train.data.DataException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

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
    try (Session session = Session.start(Runs.config(folder), true)) {
      Sampler sampler = new Sampler(session);
      String first = sampler.sample("The ", new Sampler.Settings(40, 1, 0, 5));
      assertThat(first.codePointCount(0, first.length())).isEqualTo(40);
      assertThat(new Sampler(session).sample("The ", new Sampler.Settings(40, 1, 0, 5))).isEqualTo(first);
      assertThat(sampler.sample("The ", new Sampler.Settings(40, 1, 0, 6))).isNotEqualTo(first);
      assertThat(sampler.sample("The ", new Sampler.Settings(0, 1, 0, 6))).isEmpty();
    }
  }

  static Stream<List<String>> models() {
    return Stream.of(List.of(), List.of("model.positions=rotary", "model.kv_heads=1", "model.norm.qk=rmsnorm"),
        List.of("model.positions=none", "model.layers=2", "model.norm.attn.v=dyt", "model.norm.attn.inner=layernorm"),
        List.of("model.mlp=gated", "model.residual.branch={start: 0.5}", "model.logits=9 * tanh(x / 9)",
            "model.bias=true"),
        List.of("model.context=13", "model.width=15", "model.heads=3", "model.embedding_scale=learnable"),
        List.of("model.context=1"), List.of("model.context=2", "model.positions=rotary"),
        List.of("runtime.backend=nd4j", "model.positions=rotary", "model.kv_heads=1"));
  }

  /// Long past the context; the second prompt is longer than it. Large initial weights: another logit is another text.
  @ParameterizedTest
  @MethodSource("models")
  void theTextIsThatOfTheSameWindowsWithoutACache(List<String> settings, @TempDir Path folder) {
    List<String> all = new ArrayList<>(settings);
    all.add("model.init.std=0.5");
    try (Session session = Session.start(Runs.config(folder, all.toArray(String[]::new)), true)) {
      for (String prompt : List.of("T", "The quick brown foxes")) {
        Sampler.Settings draws = new Sampler.Settings(50, 1, 0, 7);
        assertThat(new Sampler(session).sample(prompt, draws)).isEqualTo(withoutCache(session, prompt, draws));
      }
    }
  }

  /// All tokens of a window for each new one. A window that is as long as the context loses a quarter.
  private static String withoutCache(Session session, String prompt, Sampler.Settings settings) {
    int context = session.config().model().context();
    int[] tokens = session.vocabulary().encode(prompt);
    int[] seen = Arrays.copyOfRange(tokens, Math.max(0, tokens.length - context), tokens.length);
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < settings.tokens(); i++) {
      Array ids = session.backend().allocate(DType.INT32, 1, seen.length);
      session.backend().write(ids, seen);
      double[] logits;
      try (Tape tape = new Tape(session.kernels(), session.weights(), null, Pass.EVALUATION, null)) {
        logits = session.backend().read(session.model().logits(tape, ids).value());
      }
      double[] last = Arrays.copyOfRange(logits, logits.length - session.vocabulary().size(), logits.length);
      int token = Sampler.draw(last, settings, RandomStream.of(settings.seed(), "sample").uniform(i));
      text.appendCodePoint(session.vocabulary().character(token));
      int from = seen.length < context ? 0 : Math.max(1, context / 4);
      seen = Arrays.copyOfRange(seen, from, seen.length + 1);
      seen[seen.length - 1] = token;
    }
    return text.toString();
  }

  @Test
  void aLongSampleTakesNoMemoryForWhatIsToCome(@TempDir Path folder) {
    try (Session session = Session.start(Runs.config(folder), true)) {
      Sampler sampler = new Sampler(session);
      StringBuilder seen = new StringBuilder();
      boolean wanted = sampler.sample("The ", new Sampler.Settings(Integer.MAX_VALUE, 1, 0, 5),
          character -> seen.appendCodePoint(character).length() < 40);
      assertThat(wanted).isFalse();
      assertThat(sampler.sample("The ", new Sampler.Settings(3, 1, 0, 5), character -> true)).isTrue();
      assertThat(seen.toString()).isEqualTo(sampler.sample("The ", new Sampler.Settings(40, 1, 0, 5)));
    }
  }

  @Test
  void aPromptWithUnknownCharactersNamesThem(@TempDir Path folder) {
    try (Session session = Session.start(Runs.config(folder), true)) {
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
