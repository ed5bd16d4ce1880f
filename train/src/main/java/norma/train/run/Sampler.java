package norma.train.run;

import java.util.Arrays;
import java.util.Objects;
import java.util.function.IntPredicate;
import norma.array.Array;
import norma.array.DType;
import norma.autodiff.KeyValueCache;
import norma.autodiff.Pass;
import norma.autodiff.Tape;
import norma.random.RandomStream;
import norma.train.data.TextStream;

/// Generates text, one token after the other. A new token is one row of the model: keys and values of those that it sees are kept. When there
/// are as many as the context, the oldest quarter is dropped and the others are computed again (docs/decisions/0014-generation.md).
public final class Sampler {
  private static final int QUARTER = 4;

  private final LanguageModel language;
  private final KeyValueCache cache;
  private final Array ids; // (context)

  /// For one model.
  public Sampler(LanguageModel language) {
    int context = language.config().model().context();
    this.language = language;
    this.cache = new KeyValueCache(language.backend(), context);
    this.ids = language.backend().allocate(DType.INT32, context);
  }

  /// How to draw.
  ///
  /// @param tokens      how many tokens to generate
  /// @param temperature divides the logits; 0 takes the most likely token
  /// @param topK        draw among this many most likely tokens; 0 for all
  /// @param seed        of the draws
  public record Settings(int tokens, double temperature, int topK, long seed) {
    public Settings {
      if (tokens < 0) {
        throw new IllegalArgumentException("--tokens is " + tokens + "; expected 0 or more");
      }
      if (!(temperature >= 0) || Double.isInfinite(temperature)) {
        throw new IllegalArgumentException("--temperature is " + temperature + "; expected a number from 0");
      }
      if (topK < 0) {
        throw new IllegalArgumentException("--top-k is " + topK + "; expected 0 (all) or more");
      }
    }
  }

  /// The prompt that is used where none is given: a line break, or the first character if the model has none.
  public String defaultPrompt() {
    return language.vocabulary().id('\n') >= 0 ? "\n" : Character.toString(language.vocabulary().character(0));
  }

  /// Text that continues the prompt, without the prompt.
  ///
  /// @throws norma.train.data.DataException if the prompt has characters that the model does not know
  /// @throws DivergedException              if the model's outputs are not finite
  public String sample(String prompt, Settings settings) {
    StringBuilder text = new StringBuilder();
    sample(prompt, settings, character -> {
      text.appendCodePoint(character);
      return true;
    });
    return text.toString();
  }

  /// The same, a character at a time: nothing grows with the length.
  ///
  /// @param out takes a character, and says whether it wants another
  /// @return whether it wanted all
  public boolean sample(String prompt, Settings settings, IntPredicate out) {
    int[] tokens = language.vocabulary().encode(prompt);
    TextStream text = new TextStream(language.vocabulary(), out);
    boolean[] wanted = new boolean[1];
    language.prepared(StepObserver.NONE, () -> wanted[0] = generate(tokens, settings, text));
    return wanted[0];
  }

  private boolean generate(int[] prompt, Settings settings, TextStream text) {
    int[] seen = new int[Math.toIntExact(ids.size())];
    int size = Math.min(prompt.length, seen.length);
    System.arraycopy(prompt, prompt.length - size, seen, 0, size);
    int cached = 0; // the first of `seen`
    RandomStream stream = RandomStream.of(settings.seed(), "sample");
    for (int i = 0; i < settings.tokens(); i++) {
      int token = draw(lastLogits(Arrays.copyOfRange(seen, cached, size), cached), settings, stream.uniform(i));
      if (!text.take(token)) {
        return false;
      }
      cached = size;
      if (size == seen.length) {
        size -= Math.max(1, size / QUARTER);
        System.arraycopy(seen, seen.length - size, seen, 0, size);
        cached = 0;
      }
      seen[size++] = token;
    }
    text.end();
    return true;
  }

  /// Scores of the token after these, which come after those that the cache has.
  private double[] lastLogits(int[] tokens, int cached) {
    Array input = ids.slice(0, 1, tokens.length);
    language.backend().write(input, tokens);
    Pass pass = Pass.EVALUATION.after(cached, cache);
    try (Tape tape = new Tape(language.kernels(), language.weights(), null, pass, null)) {
      Array logits = language.model().logits(tape, input).value(); // (1, T, V)
      int vocabulary = logits.dim(2);
      double[] last = language.backend().read(logits.slice((long) (logits.dim(1) - 1) * vocabulary, vocabulary));
      if (!FiniteCheck.finite(last)) {
        throw DivergedException.of("the outputs of the model are not finite: nothing can be sampled",
            Objects.requireNonNullElse(FiniteCheck.firstBadWeight(language.backend(), language.weights()), "head"));
      }
      return last;
    }
  }

  /// A token from softmax(logits / temperature) over the top k, by inversion of `uniform`.
  static int draw(double[] logits, Settings settings, double uniform) {
    double max = Arrays.stream(logits).max().orElseThrow();
    if (settings.temperature() == 0) {
      for (int i = 0;; i++) {
        if (logits[i] == max) {
          return i;
        }
      }
    }
    double lowest = Double.NEGATIVE_INFINITY;
    if (settings.topK() > 0 && settings.topK() < logits.length) {
      double[] sorted = logits.clone();
      Arrays.sort(sorted);
      lowest = sorted[logits.length - settings.topK()];
    }
    double[] weights = new double[logits.length];
    for (int i = 0; i < logits.length; i++) {
      weights[i] = logits[i] < lowest ? 0 : Math.exp((logits[i] - max) / settings.temperature());
    }
    double remaining = uniform * Arrays.stream(weights).sum();
    int last = 0;
    for (int i = 0; i < weights.length; i++) {
      if (weights[i] > 0) {
        last = i;
        remaining -= weights[i];
        if (remaining < 0) {
          return i;
        }
      }
    }
    return last; // rounding left a remainder
  }
}
