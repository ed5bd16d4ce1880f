package norma.fuzz;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import norma.train.data.DataException;
import norma.train.data.Vocabulary;

/// A checkpoint's `vocab.json`: what is read, written and read again is the same.
public final class VocabularyFuzz {
  private static final Input INPUT = new Input("vocab.json", 2000);

  private VocabularyFuzz() {}

  /// Jazzer's entry.
  public static void fuzzerTestOneInput(byte[] data) {
    INPUT.read(data, Vocabulary::read, DataException.class).ifPresent(vocabulary -> {
      byte[] written = vocabulary.json().getBytes(StandardCharsets.UTF_8);
      Input.require(INPUT.read(written, Vocabulary::read, DataException.class).equals(Optional.of(vocabulary)),
          "written and read again, the vocabulary is another");
    });
  }
}
