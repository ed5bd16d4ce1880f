package norma.fuzz;

import norma.train.config.ConfigException;
import norma.train.data.DataException;
import norma.train.run.RunException;
import norma.train.study.StudyFile;

/// A study's `study.json`, with the configurations in it.
public final class StudyFileFuzz {
  private static final Input INPUT = new Input("study.json", 5000);

  private StudyFileFuzz() {}

  /// Jazzer's entry.
  public static void fuzzerTestOneInput(byte[] data) {
    INPUT.read(data, file -> {
      try {
        return StudyFile.read(INPUT.folder());
      } catch (ConfigException | DataException e) {
        throw new RunException("refused: " + e.getMessage(), e);
      }
    }, RunException.class);
  }
}
