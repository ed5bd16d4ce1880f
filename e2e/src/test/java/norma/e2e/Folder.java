package norma.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import norma.train.files.Tree;

final class Folder {
  private Folder() {}

  /// Deletes it with all that is in it, if it exists.
  static void delete(Path folder) throws IOException {
    if (Files.exists(folder)) {
      Tree.delete(folder);
    }
  }
}
