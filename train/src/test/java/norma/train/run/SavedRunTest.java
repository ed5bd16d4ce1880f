package norma.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import norma.train.config.Assignment;
import norma.train.metrics.Event;
import norma.train.metrics.Metrics;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SavedRunTest {
  private static final String[] LONG = { "train.steps=9", "train.keep_checkpoints=9", "optim.lr=0.02" };

  @TempDir
  private Path folder;

  private Path run;

  @BeforeEach
  void trainOne() {
    run = Runs.trained(folder, -1, LONG);
  }

  private int bestStep() throws Exception {
    return Metrics.read(run).last(Event.End.class).orElseThrow().bestStep();
  }

  private Path checkpoint(int step) {
    return run.resolve("checkpoints").resolve(Checkpoint.nameOf(step));
  }

  @Test
  void aCheckpointIsChosenByWordByStepOrByItsFolder() throws Exception {
    assertThat(SavedRun.of(run, null).checkpoint().step()).isEqualTo(9);
    assertThat(SavedRun.of(run, "last").checkpoint().step()).isEqualTo(9);
    assertThat(SavedRun.of(run, "best").checkpoint().step()).isEqualTo(bestStep());
    for (int step : List.of(3, 6, 9)) {
      assertThat(SavedRun.of(run, Integer.toString(step)).checkpoint().folder()).isEqualTo(checkpoint(step));
      SavedRun own = SavedRun.of(checkpoint(step), null);
      assertThat(own.checkpoint().step()).isEqualTo(step);
      assertThat(own.folder().path()).isEqualTo(run);
    }
  }

  /// The best is not the last where the last is damaged by too high a rate: an evaluation of the manifest's decides.
  @Test
  void theBestIsThatOfTheLowestLossWhereverItStands() throws Exception {
    for (int best : List.of(3, 6, 9)) {
      Path copy = Runs.copy(run, folder.resolve("best-" + best));
      for (int step : List.of(3, 6, 9)) {
        Path at = copy.resolve("checkpoints").resolve(Checkpoint.nameOf(step));
        Files.write(at.resolve(Manifest.FILE),
            new Manifest(step, step == best ? 1.5 : 2.5, Manifest.read(at).files()).bytes());
      }
      assertThat(SavedRun.of(copy, "best").checkpoint().step()).isEqualTo(best);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = { "", "newest", "-1", "1e3", "0x3", "12345678901", "\u001b[2J" })
  void anythingElseIsRefused(String which) {
    assertThatThrownBy(() -> SavedRun.of(run, which)).isInstanceOf(IllegalArgumentException.class)
        .hasMessageEndingWith("; expected best, last, or a step such as 2000").message().doesNotContain("\u001b");
  }

  @Test
  void whatIsNotThereIsSaidWithWhatIs() throws Exception {
    String there = run + " has those of steps 3, 6, 9".replace(Integer.toString(bestStep()), bestStep() + " (best)");
    assertThatThrownBy(() -> SavedRun.of(run, "5").checkpoint()).isInstanceOf(RunException.class)
        .hasMessage("there is no checkpoint " + checkpoint(5) + "; " + there);
    assertThatThrownBy(() -> SavedRun.of(checkpoint(5), null).checkpoint()).isInstanceOf(RunException.class)
        .hasMessage("there is no checkpoint " + checkpoint(5) + "; " + there);
    Files.delete(checkpoint(6).resolve("vocab.json"));
    assertThatThrownBy(() -> SavedRun.of(run, "6").checkpoint()).isInstanceOf(RunException.class)
        .hasMessageContainingAll("vocab.json", "; " + run + " has those of steps");
    Files.delete(checkpoint(6).resolve(Manifest.FILE));
    assertThatThrownBy(() -> SavedRun.of(run, "6").checkpoint()).isInstanceOf(RunException.class)
        .hasMessageContaining("step-0000006 is incomplete");
    assertThatThrownBy(() -> SavedRun.of(checkpoint(3), "best")).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("is a checkpoint already", run.toString());
    Path never = Runs.trained(folder, -1, "train.eval_every=0");
    assertThatThrownBy(() -> SavedRun.of(never, "best").checkpoint()).isInstanceOf(RunException.class)
        .hasMessageContaining("no checkpoint of " + never + " has a validation loss");
  }

  @Test
  void aFolderWhoseNameHasALineBreakIsNamedInOneLine() {
    assertThatThrownBy(() -> SavedRun.of(Path.of("no\nrun"), null)).isInstanceOf(RunException.class)
        .hasMessageStartingWith("no run is not a folder; expected a run's");
  }

  @Test
  void aRunBelowAFolderNamedCheckpointsIsARun() throws Exception {
    Files.writeString(folder.resolve("config.yaml"), "train: {steps: 3}\n"); // somebody's own
    Path other = Runs.train(Runs.config(folder, "train.steps=3", "output.dir='" + folder.resolve("checkpoints") + "'"));
    assertThat(SavedRun.of(other, null).folder().path()).isEqualTo(other);
    assertThat(SavedRun.of(other, "3").checkpoint().step()).isEqualTo(3);
  }

  @Test
  void aRelativePathStaysRelative() {
    Path here = Path.of("").toAbsolutePath().relativize(run.toAbsolutePath());
    assertThat(SavedRun.of(here.resolve("checkpoints/step-0000003"), null).folder().path()).isEqualTo(here);
  }

  /// Nothing is lost: later checkpoints are set aside, their lines are in the other log, and the run is the same again.
  @ParameterizedTest
  @CsvSource({ "3, false", "6, true" })
  void aRunGoesOnFromAnOlderCheckpoint(int step, boolean byFolder) throws Exception {
    Path undisturbed = Runs.copy(run, folder.resolve("undisturbed"));
    SavedRun from = byFolder ? SavedRun.of(checkpoint(step), null) : SavedRun.of(run, Integer.toString(step));
    try (Resumption resumption = Resumption.open(from, Assignment.parse(List.of()));
        Session session = resumption.session(true)) {
      assertThat(resumption.step()).isEqualTo(step);
      new Trainer(session, resumption, Team.NONE, Runs.watching(_ -> {}), new AtomicBoolean()).run();
    }
    Runs.assertSame(run, undisturbed);
    for (int later = step + 3; later <= 9; later += 3) {
      Path aside = run.resolve("checkpoints/aside-" + Checkpoint.nameOf(later));
      assertThat(Checkpoint.verified(aside).step()).isEqualTo(later);
      assertThat(SavedRun.of(aside, null).checkpoint().step()).isEqualTo(later);
      assertThatThrownBy(() -> Resumption.open(aside, List.of())).isInstanceOf(RunException.class)
          .hasMessageContaining("was set aside");
    }
    assertThat(run.resolve("metrics.discarded.jsonl")).content().contains("resumed at step " + step,
        "\"step\":" + (step + 1), "\"step\":9").doesNotContain("\"event\":\"step\",\"step\":" + step + ",");
  }
}
