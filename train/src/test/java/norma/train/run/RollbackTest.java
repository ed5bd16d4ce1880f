package norma.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntPredicate;
import norma.autodiff.Parameter;
import norma.models.CostModel;
import norma.train.files.Tree;
import norma.train.metrics.Event;
import norma.train.metrics.Metrics;
import norma.train.report.RunReport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RollbackTest {
  /// Without normalization and clipping the numbers of this rate overflow at the seventh step, those of half of it do not (67 to 80 do the same).
  private static final String[] DIVERGING = { "train.steps=9", "train.on_nonfinite=rollback", "model.norm.all=none",
      "optim.schedule=constant", "optim.warmup_steps=8", "optim.clip_norm=0", "optim.lr=74", "train.norm_every=0" };

  @TempDir
  private Path folder;

  /// Trains with weights that a fault makes so large after some steps that the next loss overflows. A checkpoint may hold them.
  private Path trainWithFaults(IntPredicate faulty, String... settings) throws Exception {
    return trainWithFaults(folder, faulty, settings);
  }

  static Path trainWithFaults(Path folder, IntPredicate faulty, String... settings) throws Exception {
    try (Session session = Session.start(Runs.config(folder, settings), true)) {
      new Trainer(session, faults(session, faulty), new AtomicBoolean()).run();
    }
    return Tree.list(folder.resolve("runs")).getLast();
  }

  private static TrainObserver faults(Session session, IntPredicate faulty) {
    Parameter fc = Runs.parameter(session, "blocks.0.mlp.fc.weight");
    double[] bad = new double[(int) fc.size()];
    java.util.Arrays.fill(bad, 1e38);
    int[] taken = new int[1];
    return Runs.watching(_ -> {
      if (faulty.test(++taken[0])) {
        session.backend().write(session.weights().of(fc), bad);
      }
    });
  }

  @Test
  void aRunGoesBackToTheLastCheckpointAndOnWithHalfTheRate() throws Exception {
    Path run = trainWithFaults(taken -> taken == 4, "train.on_nonfinite=rollback", "train.log_every=1");
    Metrics metrics = Metrics.read(run);
    assertThat(metrics.of(Event.Rollback.class))
        .containsExactly(new Event.Rollback(3, 5, "blocks.0.mlp", 1, 0.5));
    assertThat(metrics.of(Event.Step.class)).extracting(Event.Step::step).containsExactly(1, 2, 3, 4, 5, 6);
    List<Event.Step> undisturbed = Metrics.read(Runs.trained(folder, -1)).of(Event.Step.class);
    for (Event.Step step : metrics.of(Event.Step.class)) {
      Event.Step other = undisturbed.get(step.step() - 1);
      assertThat(step.lr()).isEqualTo(step.step() > 3 ? other.lr() / 2 : other.lr());
      if (step.step() <= 4) { // the fourth loss is before the first update with the lower rate
        assertThat(step.loss()).isEqualTo(other.loss());
      }
    }
    assertThat(Files.readString(run.resolve("metrics.discarded.jsonl"))).contains("rolled back to step 3",
        "\"step\":4");
    RunReport.write(run);
    assertThat(run.resolve("report.html")).content().contains("Rolled back 1 time");
  }

  @Test
  void beforeTheFirstCheckpointItGoesBackToTheStart() throws Exception {
    Path run = trainWithFaults(taken -> taken == 1, "train.on_nonfinite=rollback");
    assertThat(Metrics.read(run).of(Event.Rollback.class))
        .containsExactly(new Event.Rollback(0, 2, "blocks.0.mlp", 1, 0.5));
    assertThat(Metrics.read(run).of(Event.Start.class)).hasSize(1);
    double first = Metrics.read(Runs.trained(folder, -1)).of(Event.Step.class).getFirst().loss();
    assertThat(Metrics.read(run).of(Event.Step.class).getFirst().loss()).isEqualTo(first);
  }

  @Test
  void theStartOfAFineTunedRunIsTheRunThatItBeganWith() throws Exception {
    String from = "train.init_from='" + Runs.trained(folder, -1) + "'";
    double first = firstLoss(Runs.train(Runs.config(folder, from)));
    Path run = trainWithFaults(taken -> taken == 1, "train.on_nonfinite=rollback", from);
    assertThat(Metrics.read(run).of(Event.Rollback.class)).hasSize(1);
    assertThat(firstLoss(run)).isEqualTo(first);
  }

  @Test
  void theStartOfAnImportedRunIsWhatWasImported() throws Exception {
    Checkpoint trained = SavedRun.of(Runs.trained(folder, -1), null).checkpoint();
    Path run = new ImportedRun(Runs.config(folder, "train.on_nonfinite=rollback", "train.log_every=1"),
        trained.vocabulary(), trained.folder(), trained.tensors()).create(true);
    Path undisturbed = Runs.copy(run, folder.resolve("copy"));
    Runs.resume(undisturbed, -1);
    try (Resumption resumption = Resumption.open(run, List.of()); Session session = resumption.session(true)) {
      new Trainer(session, resumption, Team.NONE, faults(session, taken -> taken == 1), new AtomicBoolean()).run();
    }
    assertThat(Metrics.read(run).of(Event.Rollback.class)).hasSize(1);
    assertThat(firstLoss(run)).isEqualTo(firstLoss(undisturbed));
  }

  private static double firstLoss(Path run) throws Exception {
    return Metrics.read(run).of(Event.Step.class).getFirst().loss();
  }

  @Test
  void afterThreeRollbacksItStops() throws Exception {
    assertThatThrownBy(() -> trainWithFaults(taken -> taken >= 4, "train.on_nonfinite=rollback"))
        .isInstanceOf(DivergedException.class)
        .hasMessageContainingAll("diverged at step 5", "blocks.0.mlp", "the checkpoint of step 3 is whole");
    Metrics metrics = Metrics.read(Runs.first(folder));
    assertThat(metrics.of(Event.Rollback.class)).extracting(Event.Rollback::retry).containsExactly(1, 2, 3);
    assertThat(metrics.of(Event.Rollback.class)).extracting(Event.Rollback::lrFactor).containsExactly(0.5, 0.25, 0.125);
    assertThat(metrics.state()).isEqualTo("diverged");
  }

  /// The weights of a checkpoint are bad already when its next step fails: no learning rate helps there.
  @Test
  void whereTheFirstStepAfterACheckpointFailsItGoesBackToTheOneBefore() throws Exception {
    Path run = trainWithFaults(taken -> taken == 4, "train.on_nonfinite=rollback", "train.checkpoint_every=2",
        "train.eval_every=0");
    assertThat(Metrics.read(run).of(Event.Rollback.class))
        .containsExactly(new Event.Rollback(2, 5, "blocks.0.mlp", 1, 0.5));
    assertThat(Metrics.read(run).state()).isEqualTo("completed");
  }

  @Test
  void whereTheCheckpointIsGoneItDiverges() throws Exception {
    assertThatThrownBy(() -> trainWithFaults(taken -> {
      if (taken == 4) {
        Runs.delete(Runs.first(folder).resolve("checkpoints"));
      }
      return taken == 4;
    }, "train.on_nonfinite=rollback")).isInstanceOf(DivergedException.class).hasMessageContaining("diverged at step 5");
    assertThat(Metrics.read(Runs.first(folder)).state()).isEqualTo("diverged");
  }

  @Test
  void whereThereIsNoPlaceToGoBackToItDivergesAtOnce() {
    assertThatThrownBy(() -> trainWithFaults(taken -> taken == 3, "train.on_nonfinite=rollback", "train.eval_every=0"))
        .isInstanceOf(DivergedException.class).hasMessageContaining("diverged at step 4");
  }

  @Test
  void stoppingIsTheDefaultAndKeepsTheLastGoodCheckpoint() throws Exception {
    assertThatThrownBy(() -> trainWithFaults(taken -> taken == 4)).isInstanceOf(DivergedException.class)
        .hasMessageContainingAll("the checkpoint of step 3 is whole", "train.on_nonfinite=rollback")
        .hasMessageNotContaining("\n");
    assertThat(SavedRun.of(Runs.first(folder), null).checkpoint().step()).isEqualTo(3);
  }

  /// A kill after a rollback is a copy of the folder: no checkpoint has heard of the rollback then.
  @ParameterizedTest
  @ValueSource(ints = { 6, 7, 9 })
  void aRollbackSurvivesAKillAndAnInterruption(int taken) throws Exception {
    Path undisturbed = Runs.trained(folder, -1, DIVERGING);
    assertThat(Metrics.read(undisturbed).of(Event.Rollback.class)).extracting(Event.Rollback::failedStep)
        .startsWith(7);
    Path killed = folder.resolve("killed");
    Path[] run = new Path[1];
    AtomicBoolean stop = new AtomicBoolean();
    try (Session session = Session.start(Runs.config(folder, DIVERGING), true)) {
      new Trainer(session, new TrainObserver() {
        private int steps;

        @Override
        public void started(Session started, CostModel cost, Path path) {
          run[0] = path;
        }

        @Override
        public void stepped(Event.Step step) {
          if (++steps == taken) {
            Runs.copy(run[0], killed);
            stop.set(true);
          }
        }
      }, stop).run();
    }
    for (Path resumed : List.of(killed, run[0])) {
      assertThat(Runs.resume(resumed, -1).reason()).isEqualTo("completed");
      Runs.assertSame(resumed, undisturbed);
    }
  }
}
