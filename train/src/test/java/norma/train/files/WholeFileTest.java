package norma.train.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WholeFileTest {
  @TempDir
  private Path folder;

  @Test
  void aFileIsReplacedAndNothingIsLeftBesideIt() throws Exception {
    Path file = folder.resolve("page.html");
    WholeFile.write(file, "one");
    WholeFile.write(file, "two");
    assertThat(file).content().isEqualTo("two");
    assertThat(Tree.list(folder)).containsExactly(file);
  }

  @Test
  void theFileThatWasAskedForIsNamedNotTheOneBesideIt() throws Exception {
    Path nowhere = folder.resolve("no/page.html");
    assertThatThrownBy(() -> WholeFile.write(nowhere, "")).hasMessage(nowhere + ": no such folder");
    Path model = folder.resolve("no/hf");
    assertThatThrownBy(() -> WholeFolder.write(model, _ -> {})).hasMessage(model + ": no such folder");
    Path inWay = Files.createDirectory(folder.resolve("page.html"));
    assertThatThrownBy(() -> WholeFile.write(inWay, "")).hasMessageStartingWith(inWay + ": it is a folder");
  }

  @Test
  void afterAFailedWriteTheOldFileIsThereAndTheNewOneIsNamed() throws Exception {
    Path file = folder.resolve("model.onnx");
    WholeFile.write(file, "old");
    assertThatThrownBy(() -> WholeFile.write(file, beside -> {
      Files.writeString(beside, "half");
      throw new IOException("No space left on device");
    })).hasMessage(file + ": No space left on device");
    assertThat(file).content().isEqualTo("old");
    assertThat(Tree.list(folder)).containsExactly(file);
  }
}
