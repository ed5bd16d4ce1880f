package norma.train.run;

import java.util.Arrays;
import norma.array.Array;
import norma.array.DType;
import norma.autodiff.Pass;
import norma.autodiff.Tape;
import norma.kernels.RandomStream;
import org.jspecify.annotations.Nullable;

/// Generates text, one character after the other.
public final class Sampler {
  private final Session session;
  private final @Nullable Array[] inputs; // by length

  /// For one session.
  public Sampler(Session session) {
    this.session = session;
    this.inputs = new Array[session.config().model().context() + 1];
  }

  /// How to draw.
  ///
  /// @param tokens      how many characters to generate
  /// @param temperature divides the logits; 0 takes the most likely character
  /// @param topK        draw among this many most likely characters; 0 for all
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

  /// The prompt that is used where none is given: a line break, or the first character if the corpus has none.
  public String defaultPrompt() {
    int[] first = session.corpus().codePoints();
    boolean lines = Arrays.stream(first).anyMatch(c -> c == '\n');
    return lines ? "\n" : Character.toString(first[0]);
  }

  /// Text that continues the prompt, without the prompt.
  ///
  /// @throws norma.train.data.DataException if the prompt has characters that the corpus has not
  public String sample(String prompt, Settings settings) {
    int[] text = session.vocabulary().encode(prompt);
    int start = text.length;
    text = Arrays.copyOf(text, start + settings.tokens());
    RandomStream stream = RandomStream.of(settings.seed(), "sample");
    for (int end = start; end < text.length; end++) {
      int time = Math.min(end, inputs.length - 1);
      Array input = input(time);
      session.backend().write(input, Arrays.copyOfRange(text, end - time, end));
      text[end] = draw(lastLogits(input), settings, stream.uniform(end - start));
    }
    return session.vocabulary().decode(Arrays.copyOfRange(text, start, text.length));
  }

  private Array input(int time) {
    Array input = inputs[time];
    if (input == null) {
      input = session.backend().allocate(DType.INT32, 1, time);
      inputs[time] = input;
    }
    return input;
  }

  private double[] lastLogits(Array ids) {
    try (Tape tape = new Tape(session.kernels(), session.weights(), null, Pass.EVALUATION, null)) {
      Array logits = session.model().logits(tape, ids).value(); // (1, T, V)
      int vocabulary = logits.dim(2);
      return session.backend().read(logits.slice((long) (logits.dim(1) - 1) * vocabulary, vocabulary));
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
    double[] sorted = logits.clone();
    Arrays.sort(sorted);
    double lowest = settings.topK() == 0 || settings.topK() >= logits.length
        ? Double.NEGATIVE_INFINITY
        : sorted[logits.length - settings.topK()];
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
