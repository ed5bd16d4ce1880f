package norma.train.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import norma.train.run.RunException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What becomes of a study whose processes are killed. The processes are shell scripts.
class WorkerProcessesTest {
  private static final WorkerProcesses.Listener QUIET = new WorkerProcesses.Listener() {
    @Override
    public void ended(int number, Study.Cell cell, CellResult result) {}

    @Override
    public void waiting(StudyProgress progress, double seconds) {}
  };

  @TempDir
  Path temp;

  private StudyFolder folder() throws Exception {
    Path file = Files.writeString(temp.resolve("x.yaml"),
        "baseline: a\nvariants:\n  a: {}\n  b: {model.norm.all: dyt}\nseeds: 1\n");
    return new StudyFolder(StudyReader.read(file, List.of()), temp.resolve("x"));
  }

  private static void run(StudyFolder folder, String script) throws Exception {
    new WorkerProcesses(folder, () -> new ProcessBuilder("bash", "-c", script), QUIET).run(1, new AtomicBoolean());
  }

  @Test
  void aRunWhoseProcessIsKilledTwiceFailsAndTheOthersGoOn() throws Exception {
    StudyFolder folder = folder();
    Study.Cell bad = folder.cells().getFirst();
    run(folder, """
        cd '%s'; mkdir -p locks; echo begun >> starts
        [ -e cells/%2$s.json ] && exit 0
        printf '%%s' $$ > locks/%2$s; kill -KILL $$""".formatted(folder.path(), bad.id()));
    CellResult result = Objects.requireNonNull(folder.result(bad));
    assertThat(result.status()).isEqualTo("failed");
    assertThat(result.error()).contains("killed twice (exit code 137)", "--jobs");
    assertThat(folder.path().resolve("starts")).content().as("killed, killed, and one that works off the rest")
        .hasLineCount(3);
    assertThat(folder.result(folder.cells().getLast())).isNull();
  }

  @Test
  void aProcessThatIsKilledWithoutARunIsReplacedThreeTimes() throws Exception {
    StudyFolder folder = folder();
    assertThatThrownBy(() -> run(folder, "echo begun >> '" + temp.resolve("starts") + "'; kill -KILL $$"))
        .isInstanceOf(RunException.class).hasMessageContaining("a worker failed: exit code 137");
    assertThat(temp.resolve("starts")).content().hasLineCount(4);
  }

  /// Such as one whose GPU has failed: each has a result for a run.
  @Test
  void aProcessThatAsksForAnotherIsReplacedAsOftenAsItDoes() throws Exception {
    run(folder(), "cd '" + temp + "'; echo begun >> starts; [ $(wc -l < starts) -gt 5 ] || exit "
        + WorkerProcesses.AGAIN);
    assertThat(temp.resolve("starts")).content().hasLineCount(6);
  }
}
