package norma.fuzz;

import java.nio.file.Path;
import norma.train.data.DataException;
import norma.train.data.Vocabulary;

/// A checkpoint's `vocab.json`: what is read, written and read again is the same.
public final class VocabularyFuzz {
  private static final Input INPUT = new Input("vocab.json", 2000);

  private VocabularyFuzz() {}

  /// Jazzer's entry.
  public static void fuzzerTestOneInput(byte[] data) {
    INPUT.read(data, Vocabulary::read, DataException.class).ifPresent(vocabulary -> {
      Path again = INPUT.folder().resolve("again.json");
      vocabulary.write(again);
      Input.require(Vocabulary.read(again).equals(vocabulary), "written and read again, the vocabulary is another");
    });
  }
}
