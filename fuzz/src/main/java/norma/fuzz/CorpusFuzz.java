package norma.fuzz;

import java.util.Arrays;
import norma.train.config.RunConfig.Token;
import norma.train.data.Corpora;
import norma.train.data.Corpus;
import norma.train.data.DataException;
import norma.train.data.Split;
import norma.train.data.Vocabulary;

/// A text to train on: encoding and decoding it gives it back.
public final class CorpusFuzz {
  private static final Input INPUT = new Input("corpus.txt", 200);

  private CorpusFuzz() {}

  /// Jazzer's entry.
  public static void fuzzerTestOneInput(byte[] data) {
    INPUT.read(data, file -> {
      Corpus corpus = Corpora.load(file.toString(), Token.CHAR);
      Vocabulary vocabulary = Vocabulary.of(corpus);
      int[] tokens = vocabulary.encode(corpus.symbols());
      Input.require(Arrays.equals(vocabulary.decode(tokens).codePoints().toArray(), corpus.symbols()),
          "decoded, the text is another");
      return Split.of(tokens, 0.1, 1, 4).validationSha256(vocabulary);
    }, DataException.class);
  }
}
