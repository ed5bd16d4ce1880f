package norma.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImportedRunTest {
  @TempDir
  private Path folder;

  /// From whichever operation on a disk is full.
  @Test
  void aFullDiskLeavesNothing() throws Exception {
    Checkpoint trained = SavedRun.of(Runs.trained(folder, -1), null).checkpoint();
    Path runs = Files.createDirectories(folder.resolve("imported"));
    ImportedRun imported = new ImportedRun(Runs.config(folder, "output.dir='" + runs + "'"), trained.vocabulary(),
        trained.folder(), trained.tensors());
    TestDisk whole = new TestDisk();
    Path run = imported.create(true, whole);
    assertThat(SavedRun.of(run, null).checkpoint().tensors().keySet()).isEqualTo(trained.tensors().keySet());
    Runs.delete(run);
    for (int i = 0; i < whole.operations().size(); i++) {
      int failing = i;
      assertThatThrownBy(() -> imported.create(true, new TestDisk((operation, _) -> operation >= failing)))
          .as("operation %d", failing).isInstanceOf(RunException.class).hasMessageContaining("No space left");
      assertThat(runs).as("operation %d", failing).isEmptyDirectory();
    }
  }
}
