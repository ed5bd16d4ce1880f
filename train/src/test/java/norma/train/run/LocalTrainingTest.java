package norma.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntPredicate;
import norma.train.config.RunConfig;
import norma.train.metrics.Event;
import norma.train.metrics.Metrics;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Rounds in which shards train alone, against steps of the training that they are made of.
class LocalTrainingTest {
  private static final int ROUND = 3;
  private static final double OUTER_LR = 0.7;
  private static final double OUTER_MOMENTUM = 0.9;

  @TempDir
  private Path folder;

  private RunConfig config(String... more) {
    String[] settings = { "runtime.backend=cpu", "runtime.threads=1", "model.dropout=0.1" };
    return Runs.config(folder, Runs.with(settings, more));
  }

  private static double[] weights(Session session) {
    return session.backend().read(session.weights().flat());
  }

  /// Two rounds of one shard, by their definition: steps as ever, then the outer step in double precision.
  @ParameterizedTest
  @ValueSource(strings = { "adamw", "muon" })
  void roundsOfOneShardAreTheirDefinition(String type) {
    String[] settings = { "runtime.shards=1", "optim.type=" + type, "optim.lr=1e-2" };
    double[] expected;
    List<Double> losses = new ArrayList<>();
    try (Session session = Session.start(config(settings), true)) {
      TrainStep plain = new TrainStep(session);
      double[] w = weights(session);
      double[] b = new double[w.length];
      for (int round = 0; round < 2; round++) {
        double loss = 0;
        for (int step = round * ROUND + 1; step <= (round + 1) * ROUND; step++) {
          TrainStep.Result result = plain.gradients(step, StepObserver.NONE);
          plain.update(result, 0.5 * session.config().optim().rates().at(step), step, StepObserver.NONE);
          loss += result.loss() / ROUND;
        }
        double[] moved = weights(session);
        for (int i = 0; i < w.length; i++) {
          double g = w[i] - moved[i];
          b[i] = OUTER_MOMENTUM * b[i] + g;
          w[i] -= OUTER_LR * (g + OUTER_MOMENTUM * b[i]);
        }
        session.backend().write(session.weights().flat(), w);
        losses.add(loss);
      }
      expected = w;
    }
    RunConfig rounds = config(settings[0], settings[1], settings[2], "train.sync_every=" + ROUND,
        "train.outer_lr=" + OUTER_LR, "train.outer_momentum=" + OUTER_MOMENTUM);
    try (Session session = Session.start(rounds, true)) {
      TrainStep local = new TrainStep(session, Team.NONE);
      for (int round = 0; round < 2; round++) {
        TrainStep.Result result = local.gradients((round + 1) * ROUND, 0.5, StepObserver.NONE);
        local.update(result, Double.NaN, (round + 1) * ROUND, StepObserver.NONE);
        assertThat(result.loss()).isCloseTo(losses.get(round), within(1e-6));
      }
      double[] w = weights(session);
      for (int i = 0; i < w.length; i++) {
        assertThat(w[i]).isCloseTo(expected[i], within(1e-6));
      }
    }
  }

  /// The ways of three shards are different ones, and the weights move by their mean.
  @Test
  void theOuterStepTakesTheMeanWay() {
    RunConfig config = config("runtime.shards=3", "train.sync_every=2", "train.outer_lr=1", "train.outer_momentum=0");
    try (Session session = Session.start(config, true)) {
      double[] w = weights(session);
      double[] mean = new double[w.length];
      TrainStep ways = new TrainStep(session, Team.NONE);
      ways.compute(2, 1, List.of(0, 1, 2), StepObserver.NONE);
      List<double[]> all = new ArrayList<>();
      for (int shard = 0; shard < 3; shard++) {
        all.add(session.backend().read(ways.gradientsOf(shard)));
      }
      assertThat(Arrays.equals(all.get(0), all.get(1))).isFalse();
      Arrays.setAll(mean, i -> all.stream().mapToDouble(way -> way[i] / 3).sum());
      TrainStep local = new TrainStep(session, Team.NONE);
      TrainStep.Result result = local.gradients(2, 1, StepObserver.NONE);
      local.update(result, Double.NaN, 2, StepObserver.NONE);
      double[] moved = weights(session);
      for (int i = 0; i < w.length; i++) {
        assertThat(moved[i]).isCloseTo(w[i] - mean[i], within(1e-7));
      }
      assertThat(result.gradientNorm())
          .isCloseTo(Math.sqrt(Arrays.stream(mean).map(x -> x * x).sum()), within(1e-6));
    }
  }

  @Test
  void threadsAndInterruptionsDoNotChangeARun() throws Exception {
    String[] settings = { "runtime.threads=1", "train.sync_every=2", "train.steps=8", "train.batch=4",
        "train.checkpoint_every=2", "optim.lr=1e-2" };
    Path undisturbed = Runs.train(config(settings));
    settings[0] = "runtime.threads=3";
    Path run = Runs.train(config(settings), 4);
    Runs.resume(run, -1);
    Runs.assertSame(run, undisturbed);
    assertThat(Metrics.read(run).of(Event.Step.class)).extracting(Event.Step::step).containsExactly(2, 4, 6, 8);
  }

  /// Intervals that no round ends at are taken at the next end of one.
  @Test
  void evaluationsFollowTheRounds() throws Exception {
    RunConfig config = config("train.sync_every=4", "train.steps=12", "train.eval_every=3", "train.log_every=5");
    assertThat(config.train().evaluations()).isEqualTo(3);
    assertThat(config.train().evaluationsUpTo(8)).isEqualTo(2);
    Path run = Runs.train(config);
    Metrics metrics = Metrics.read(run);
    assertThat(metrics.of(Event.Eval.class)).extracting(Event.Eval::step).containsExactly(4, 8, 12);
    assertThat(metrics.of(Event.Step.class)).extracting(Event.Step::step).containsExactly(4, 8, 12);
    assertThat(metrics.of(Event.Norm.class).getLast().updateRatio()).isBetween(1e-6, 1.0);
  }

  /// However far it had come since the checkpoint.
  @Test
  void aRunGoesBackWithTheOptimizersOfItsShards() throws Exception {
    String[] settings = { "runtime.backend=cpu", "runtime.threads=2", "train.sync_every=2", "train.steps=16",
        "train.checkpoint_every=8", "train.eval_every=0", "train.norm_every=0", "train.on_nonfinite=rollback" };
    List<Path> weights = new ArrayList<>();
    for (int last : List.of(5, 6)) { // rounds before the fault
      IntPredicate faulty = taken -> taken == last;
      Path place = Files.createDirectory(folder.resolve("after-" + last));
      Path run = RollbackTest.trainWithFaults(place, faulty, settings);
      assertThat(Metrics.read(run).of(Event.Rollback.class))
          .containsExactly(new Event.Rollback(8, 2 * last + 2, "blocks.0.mlp", 1, 0.5));
      assertThat(Metrics.read(run).of(Event.Step.class)).extracting(Event.Step::step)
          .containsExactly(2, 4, 6, 8, 10, 12, 14, 16);
      weights.add(run.resolve("checkpoints/step-0000016/model.safetensors"));
    }
    assertThat(weights.get(1)).hasSameBinaryContentAs(weights.get(0));
  }

  @Test
  void stepsAreWholeRounds() {
    assertThatThrownBy(() -> config("train.sync_every=4", "train.steps=6"))
        .hasMessageContaining("train.steps is 6, which is no multiple of train.sync_every 4")
        .hasMessageContaining("such as 8");
  }
}
