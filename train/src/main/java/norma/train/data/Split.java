package norma.train.data;

import static java.nio.charset.StandardCharsets.UTF_8;

import norma.train.config.RunConfig.Token;
import norma.train.files.Sha256;
import java.util.Arrays;
import java.util.Locale;

/// The tokens of a corpus in two: the first part to train on, the rest to validate on, as in nanoGPT's
/// `data/shakespeare_char/prepare.py`.
///
/// @param train (tokens) not copied, not to be modified
/// @param validation (tokens) not copied, not to be modified
public record Split(int[] train, int[] validation) {
  /// Cuts at `(int) (length * (1 - valFraction))`. Of the first part the beginning is trained on; the second is the same whatever that
  /// is, so that losses can be compared.
  ///
  /// @param tokens (tokens) ids of the whole corpus
  /// @param valFraction the part to validate on, in `(0, 1)`
  /// @param trainFraction how much of the rest to train on, in `(0, 1]`
  /// @param context tokens that a model sees; each part must hold one more, the last target
  /// @throws DataException if a part is too short
  public static Split of(int[] tokens, double valFraction, double trainFraction, int context) {
    Cut cut = cut(tokens.length, valFraction, trainFraction, context);
    return new Split(Arrays.copyOf(tokens, cut.trained), Arrays.copyOfRange(tokens, cut.validated, tokens.length));
  }

  /// Where a corpus is cut: trained on are the tokens before `trained`, validated on those from `validated` on.
  public record Cut(int trained, int validated) {}

  /// The place for a corpus of so many tokens.
  ///
  /// @throws DataException if a part is too short
  public static Cut cut(int tokens, double valFraction, double trainFraction, int context) {
    int validated = (int) (tokens * (1 - valFraction));
    int trained = (int) (validated * trainFraction);
    require("training", trained, context,
        trainFraction < 1 ? "raise data.train_fraction" : "lower data.val_fraction");
    require("validation", tokens - validated, context, "raise data.val_fraction");
    return new Cut(trained, validated);
  }

  private static void require(String part, int tokens, int context, String remedy) {
    if (tokens <= context) {
      throw new DataException(String.format(Locale.ROOT,
          "model.context is %d but the %s split has only %d tokens, expected at least %d:", context, part,
          tokens, context + 1) + " lower model.context, " + remedy
          + " or take a longer corpus");
    }
  }

  /// SHA-256 of the validation split as UTF-8, of bytes in another way: equal hashes mean comparable validation losses.
  public String validationSha256(Vocabulary vocabulary) {
    byte[] raw = vocabulary.raw(validation);
    return Sha256.of(vocabulary.token() == Token.BYTE ? Sha256.of(raw).getBytes(UTF_8) : raw);
  }

  /// The loss of a model that knows how often each token occurs in the training text and nothing else: the mean over the validation
  /// text in nats per token. Each count has one added, so that a token that is not there costs a finite loss.
  public double unigramLoss(int vocabulary) {
    double[] counts = new double[vocabulary];
    Arrays.fill(counts, 1);
    for (int token : train) {
      counts[token]++;
    }
    double all = Math.log((double) train.length + vocabulary);
    return Arrays.stream(validation).mapToDouble(token -> all - Math.log(counts[token])).average().orElse(Double.NaN);
  }
}
