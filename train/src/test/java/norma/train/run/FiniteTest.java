package norma.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import norma.array.Array;
import norma.optim.Optimizer;
import norma.train.config.RunConfig;
import norma.train.files.Disk;
import norma.train.metrics.Event;
import norma.train.metrics.Metrics;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Nothing that is not finite is saved, called best, or sampled from.
class FiniteTest {
  private static final String FC = "blocks.0.mlp.fc.weight";
  /// One update after which every weight is about 30, and four blocks without a norm overflow.
  private static final String[] EXPLODING = { "model.layers=4", "model.norm.all=none", "optim.lr=30",
      "optim.schedule=constant", "optim.warmup_steps=0", "optim.clip_norm=0", "train.steps=1" };

  @TempDir
  private Path folder;

  private static void fill(Session session, Array array, double value) {
    double[] values = new double[(int) array.size()];
    Arrays.fill(values, value);
    session.backend().write(array, values);
  }

  private static Array fc(Session session) {
    return session.weights().of(Runs.parameter(session, FC));
  }

  /// Trains with weights that the last update fills.
  private void trainWithLastUpdate(double value, String... settings) {
    try (Session session = Session.start(Runs.config(folder, settings), true)) {
      AtomicBoolean done = new AtomicBoolean();
      new Trainer(session, Runs.watching(step -> {
        if (step.step() == session.config().train().steps() && !done.getAndSet(true)) {
          fill(session, fc(session), value);
        }
      }), new AtomicBoolean()).run();
    }
  }

  @ParameterizedTest
  @CsvSource({ "NaN, 3, 3", "Infinity, 0, 3", "NaN, 0, 0", "-Infinity, 3, 0" })
  void weightsThatTheLastUpdateSpoiledAreNeverSaved(double value, int evalEvery, int checkpointEvery) throws Exception {
    assertThatThrownBy(() -> trainWithLastUpdate(value, "train.eval_every=" + evalEvery,
        "train.checkpoint_every=" + checkpointEvery, "train.sample_every=1")).isInstanceOf(DivergedException.class)
        .hasMessageContainingAll("diverged at step 6: ", "first not finite: " + FC).message().doesNotContain("\n");
    Metrics metrics = Metrics.read(Runs.first(folder));
    assertThat(metrics.state()).isEqualTo("diverged");
    assertThat(metrics.last(Event.Diverged.class)).contains(new Event.Diverged(6, FC));
    assertThat(metrics.of(Event.Eval.class)).extracting(Event.Eval::step).doesNotContain(6);
    assertThat(Runs.first(folder).resolve("checkpoints/step-0000006")).doesNotExist();
    if (checkpointEvery > 0) {
      assertThat(SavedRun.of(Runs.first(folder), null).checkpoint().step()).isEqualTo(3);
    }
  }

  @Test
  void afterTheLastUpdateItCanStillGoBack() throws Exception {
    trainWithLastUpdate(Double.NaN, "train.on_nonfinite=rollback");
    Metrics metrics = Metrics.read(Runs.first(folder));
    assertThat(metrics.of(Event.Rollback.class)).containsExactly(new Event.Rollback(3, 6, FC, 1, 0.5));
    assertThat(metrics.state()).isEqualTo("completed");
    assertThat(metrics.last(Event.End.class).orElseThrow().finalValLoss()).isFinite();
  }

  /// The learning rate was at work once since the checkpoint: half of it may help, from the same weights.
  @Test
  void theFirstUpdateAfterACheckpointIsRepeatedWithHalfTheRate() throws Exception {
    trainWithLastUpdate(Double.NaN, "train.on_nonfinite=rollback", "train.steps=4");
    assertThat(Metrics.read(Runs.first(folder)).of(Event.Rollback.class))
        .containsExactly(new Event.Rollback(3, 4, FC, 1, 0.5));
  }

  @ParameterizedTest
  @ValueSource(ints = { 0, 1 })
  void aLossOfAnEvaluationThatIsNotFiniteIsDivergedAndItsLayerNamed(int evalEvery) throws Exception {
    RunConfig config = Runs.config(folder, Runs.with(EXPLODING, "train.eval_every=" + evalEvery));
    assertThatThrownBy(() -> Runs.train(config)).isInstanceOf(DivergedException.class)
        .hasMessageContaining(
            "diverged at step 1: the training loss of an evaluation is NaN; first not finite: blocks.");
    Metrics metrics = Metrics.read(Runs.first(folder));
    assertThat(metrics.state()).isEqualTo("diverged");
    assertThat(metrics.of(Event.Eval.class)).isEmpty();
    assertThat(metrics.last(Event.End.class).orElseThrow().bestValLoss()).isNaN();
  }

  @Test
  void whereHalfTheRateHelpsAnEvaluationThatOverflowedIsForgotten() throws Exception {
    String[] settings = Runs.with(EXPLODING, "train.on_nonfinite=rollback", "optim.lr=20");
    Metrics metrics = Metrics.read(Runs.train(Runs.config(folder, settings)));
    assertThat(metrics.state()).isEqualTo("completed");
    assertThat(metrics.of(Event.Rollback.class)).isNotEmpty();
  }

  /// Its square overflows long before the loss does.
  @Test
  void aGradientIsLookedAtWhereTheLossIsFinite() {
    try (Session session = Session.start(Runs.config(folder, "model.norm.all=none"), true)) {
      fill(session, fc(session), 1e22);
      TrainStep step = new TrainStep(session);
      TrainStep.Result result = step.gradients(1, StepObserver.NONE);
      assertThat(result.loss()).isFinite();
      assertThat(result.gradientNorm()).isInfinite();
      assertThat(result.finite()).isFalse();
      assertThat(step.firstBad(1)).isEqualTo("gradient norm");
    }
  }

  /// A second moment overflows where a gradient is 1e20, long before a weight does.
  @Test
  void theOptimizersMomentsAreLookedAtToo() {
    try (Session session = Session.start(Runs.config(folder), true)) {
      Optimizer optimizer = new TrainStep(session).optimizer();
      assertThat(FiniteCheck.firstBadArray(session.backend(), session.weights(), optimizer.state())).isNull();
      fill(session, optimizer.state().getLast().values().of(session.model().parameters().getLast()),
          Double.POSITIVE_INFINITY);
      assertThat(FiniteCheck.firstBadArray(session.backend(), session.weights(), optimizer.state()))
          .isEqualTo("second moment of " + session.model().parameters().getLast().name());
      fill(session, optimizer.state().getFirst().values().of(session.model().parameters().getFirst()), Double.NaN);
      assertThat(FiniteCheck.firstBadArray(session.backend(), session.weights(), optimizer.state()))
          .isEqualTo("first moment of " + session.model().parameters().getFirst().name());
      fill(session, fc(session), Double.NaN);
      assertThat(FiniteCheck.firstBadArray(session.backend(), session.weights(), optimizer.state())).isEqualTo(FC);
    }
  }

  /// A weight of a run in float64 is stored in float32, where it is infinite.
  @Test
  void aWeightTooLargeForItsFileIsNotSaved() {
    assertThatThrownBy(() -> trainWithLastUpdate(1e39, "runtime.backend=nd4j", "runtime.precision=fp64",
        "train.eval_every=0", "train.steps=1")).isInstanceOf(DivergedException.class).hasMessageContaining(FC);
  }

  /// As an earlier Norma wrote it.
  private Path withCheckpointOf(String what) throws Exception {
    Path run = Runs.trained(folder, -1);
    try (Session session = SavedRun.of(run, null).checkpoint().session(RunFolder.open(run).config(List.of()),
        false)) {
      Optimizer optimizer = new TrainStep(session).optimizer();
      Array array = what.equals("weight")
          ? fc(session)
          : optimizer.state().getFirst().values().of(session.model().parameters().getFirst());
      fill(session, array, Double.NaN);
      Progress progress = SavedRun.of(run, null).checkpoint().state().progress();
      new CheckpointWriter(run, session, optimizer.state(), Disk.real(), _ -> {}).write(progress.at(9, 1, 0));
    }
    return run;
  }

  @Test
  void anOlderCheckpointWithBadWeightsIsOneLine() throws Exception {
    Path run = withCheckpointOf("weight");
    Checkpoint bad = SavedRun.of(run, null).checkpoint();
    assertThat(bad.step()).isEqualTo(9);
    assertThatThrownBy(() -> bad.languageModel(RunFolder.open(run).config(List.of()), false))
        .isInstanceOf(RunException.class).hasMessage(bad.folder().resolve("model.safetensors") + " has numbers in " + FC
            + " that are not finite: its training had diverged; of a run, --checkpoint STEP takes an earlier checkpoint");
    try (Resumption resumption = Resumption.open(run, norma.train.config.Assignment.parse(List.of("train.steps=9")))) {
      assertThatThrownBy(() -> resumption.session(false)).isInstanceOf(RunException.class)
          .hasMessageContaining("not finite");
    }
    assertThat(SavedRun.of(run, "best").checkpoint().step()).isLessThan(9);
  }

  @Test
  void anOlderCheckpointWithBadMomentsIsNotResumed() throws Exception {
    Path run = withCheckpointOf("moment");
    assertThatThrownBy(() -> Runs.resume(run, -1, "train.steps=10")).isInstanceOf(RunException.class)
        .hasMessageContainingAll("step-0000009/state has numbers in first_moment.tok_emb.weight that are not finite");
  }

  @Test
  void whatCannotBeSampledIsSaid() {
    try (Session session = Session.start(Runs.config(folder), true)) {
      fill(session, fc(session), 1e38);
      Sampler sampler = new Sampler(session);
      for (double temperature : new double[]{ 0, 1 }) {
        assertThatThrownBy(() -> sampler.sample("T", new Sampler.Settings(3, temperature, 0, 1)))
            .isInstanceOf(DivergedException.class).hasMessage(
                "the outputs of the model are not finite: nothing can be sampled; first not finite: head");
      }
      assertThatThrownBy(() -> SlotRecording.of(session, 2)).isInstanceOf(DivergedException.class)
          .hasMessageContaining("first not finite: final");
    }
  }
}
