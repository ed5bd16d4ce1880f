package norma.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import norma.array.Array;
import norma.array.DType;
import norma.autodiff.Parameter;
import norma.autodiff.Pass;
import norma.autodiff.Tape;
import norma.train.config.RunConfig;
import norma.train.files.Disk;
import norma.train.files.Tree;
import norma.train.metrics.Event;
import norma.train.metrics.Metrics;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class TrainerTest {
  private static final String[] UNWATCHED = { "train.eval_every=0", "train.layers_every=0", "train.norm_every=0" };

  @TempDir
  private Path folder;

  @Test
  void leavesBehindWhatTheContractSays() throws Exception {
    Path run = Runs.train(Runs.config(folder, "model.norm.all=dyt", "name=mine"));
    assertThat(run.getFileName().toString()).matches("mine-\\d{8}-\\d{6}");
    assertThat(Runs.names(run)).containsExactly("checkpoints", "config.yaml", "environment.json", "layers.csv", "lock",
        "metrics.jsonl", "sample.txt");
    assertThat(Runs.names(run.resolve("checkpoints"))).containsExactly("step-0000003", "step-0000006");
    Metrics metrics = Metrics.read(run);
    assertThat(metrics.of(Event.Step.class)).extracting(Event.Step::step).containsExactly(1, 2, 3, 4, 5, 6);
    assertThat(metrics.of(Event.Step.class)).extracting(Event.Step::tokens).endsWith(6L * 3 * 12);
    assertThat(metrics.of(Event.Eval.class)).extracting(Event.Eval::step).containsExactly(3, 6);
    assertThat(metrics.of(Event.Norm.class)).extracting(Event.Norm::step).containsExactly(2, 4, 6);
    assertThat(metrics.of(Event.Norm.class).getLast().slots()).extracting(Event.Slot::slot)
        .containsExactly("blocks.0.attn.pre", "blocks.0.mlp.pre", "final");
    assertThat(metrics.of(Event.Layers.class).getLast().layers()).extracting(Event.Layer::layer).containsExactly(
        "tok_emb", "blocks.0.attn.pre", "blocks.0.attn", "blocks.0.mlp.pre", "blocks.0.mlp", "final", "head", "weights",
        "data", "gradients", "clipping", "optimizer", "waiting", "other");
    assertThat(metrics.of(Event.Layers.class).getLast().layers().subList(0, 7))
        .allMatch(layer -> layer.gflops() >= 0 && layer.tokensPerSecond() > 0);
    assertThat(metrics.last(Event.End.class).orElseThrow().reason()).isEqualTo("completed");
    assertThat(Files.readString(run.resolve("layers.csv")))
        .startsWith("layer,forward_ms,backward_ms,tokens_per_s,gflops,share\ntok_emb,");
  }

  @Test
  void theEnvironmentNamesEverythingThatAResultDependsOn() throws Exception {
    Path run = Runs.train(Runs.config(folder, "runtime.threads=1"));
    JsonNode environment = new JsonMapper().readTree(Files.readString(run.resolve("environment.json")));
    assertThat(environment.propertyNames()).contains("norma_version", "commit", "jdk", "cpu", "backend", "kernels",
        "threads", "corpus_sha256", "validation_sha256");
    assertThat(environment.path("kernels").asString()).isEqualTo("CpuKernels");
    assertThat(environment.path("threads").asInt()).isEqualTo(1);
  }

  @Test
  void twoRunsOfTheSameSeedAreIdenticalDigitForDigitAndAnotherSeedIsNot() throws Exception {
    Path first = Runs.train(Runs.config(folder, "model.dropout=0.2"));
    Path second = Runs.train(Runs.config(folder, "model.dropout=0.2"));
    Path other = Runs.train(Runs.config(folder, "model.dropout=0.2", "train.seed=7"));
    assertThat(losses(second)).isEqualTo(losses(first));
    assertThat(Runs.weights(second)).isEqualTo(Runs.weights(first));
    assertThat(losses(other)).isNotEqualTo(losses(first));
  }

  /// The probes play backwards on kernels and weights of the training: its gradients and weights stay the same bit for bit. Both runs are
  /// interrupted, or each drew a sample at its end.
  @ParameterizedTest
  @CsvSource({ "layernorm, cpu", "derf, cpu", "dyisru, nd4j" })
  void observationNeverChangesTheWeights(String norm, String backend) throws Exception {
    String[] common = { "model.dropout=0.1", "model.norm.all=" + norm, "runtime.backend=" + backend,
        "train.steps=7" };
    Path watched = Runs.train(Runs.config(folder, Runs.with(common, "train.sample_every=4", "train.eval_every=1",
        "train.layers_every=1", "train.norm_every=1")), 6);
    Path alone = Runs.train(Runs.config(folder, Runs.with(common, UNWATCHED)), 6);
    assertThat(Metrics.read(watched).of(Event.Norm.class)).hasSize(6)
        .allSatisfy(event -> assertThat(event.slots()).allMatch(slot -> slot.outGradRms() > 0));
    assertThat(Runs.weights(watched)).isEqualTo(Runs.weights(alone));
    assertThat(losses(watched)).isEqualTo(losses(alone));
    assertThat(gradientNorms(watched)).isEqualTo(gradientNorms(alone));
  }

  @Test
  void accumulatedPassesAreTheBigBatch() throws Exception {
    String[] common = Runs.with(UNWATCHED, "runtime.precision=fp64", "model.dropout=0.3", "train.steps=7");
    List<Double> whole = losses(Runs.train(Runs.config(folder, Runs.with(common, "train.batch=6")), 6));
    List<Double> parts = losses(
        Runs.train(Runs.config(folder, Runs.with(common, "train.batch=2", "train.accumulate=3")), 6));
    assertThat(whole).hasSize(6);
    for (int i = 0; i < whole.size(); i++) {
      assertThat(parts.get(i)).isCloseTo(whole.get(i), within(1e-12 * whole.get(i) * (i + 1)));
    }
  }

  @Test
  void theFirstLossIsBeforeAnyUpdate() throws Exception {
    List<Double> slow = losses(Runs.train(Runs.config(folder, "train.steps=1")));
    List<Double> fast = losses(
        Runs.train(Runs.config(folder, "train.steps=1", "optim.lr=0.5", "optim.schedule=constant")));
    assertThat(fast).isEqualTo(slow);
    assertThat(slow.getFirst()).isCloseTo(Math.log(28), within(0.3)); // about uniform over the vocabulary
  }

  @Test
  void validationLossIsTheMeanOverEveryPredictedCharacter() {
    RunConfig config = Runs.config(folder, "runtime.precision=fp64");
    try (Session session = Session.start(config, true)) {
      int[] tokens = session.split().validation();
      int context = config.model().context();
      double sum = 0;
      for (int i = 0; i + 1 < tokens.length; i++) { // every character by itself: its window's beginning up to it
        int start = i / context * context;
        int[] input = java.util.Arrays.copyOfRange(tokens, start, i + 1);
        Array ids = session.backend().allocate(DType.INT32, 1, input.length);
        session.backend().write(ids, input);
        try (Tape tape = new Tape(session.kernels(), session.weights(), null, Pass.EVALUATION, null)) {
          double[] logits = session.backend().read(session.model().logits(tape, ids).value());
          int vocabulary = session.vocabulary().size();
          double[] last = java.util.Arrays.copyOfRange(logits, logits.length - vocabulary, logits.length);
          double z = java.util.Arrays.stream(last).map(Math::exp).sum();
          sum += Math.log(z) - last[tokens[i + 1]];
        }
      }
      assertThat(new Evaluation(session).validationLoss()).isCloseTo(sum / (tokens.length - 1), within(1e-12));
    }
  }

  @Test
  void aCheckpointEvaluatesToTheLossThatTheRunLogged() throws Exception {
    Path run = Runs.train(Runs.config(folder, "model.norm.all=dyisru"));
    RunConfig config = RunFolder.open(run).config(List.of());
    try (Session session = SavedRun.of(run, null).checkpoint().session(config, true)) {
      assertThat(new Evaluation(session).validationLoss())
          .isEqualTo(Metrics.read(run).of(Event.Eval.class).getLast().valLoss());
    }
  }

  @Test
  void aLossThatIsNotFiniteStopsTheRunBeforeTheUpdateAndNamesTheLayer() throws Exception {
    RunConfig config = Runs.config(folder, "model.norm.all=none");
    try (Session session = Session.start(config, true)) {
      Parameter fc = Runs.parameter(session, "blocks.0.mlp.fc.weight");
      double[] huge = new double[(int) fc.size()];
      java.util.Arrays.fill(huge, Double.NaN);
      session.backend().write(session.weights().of(fc), huge);
      Trainer trainer = new Trainer(session, Runs.watching(_ -> {}), new AtomicBoolean());
      assertThatThrownBy(trainer::run).isInstanceOf(DivergedException.class)
          .hasMessageContainingAll("diverged at step 1", "the loss is NaN", "blocks.0.mlp",
              "optim.lr (it began at 0.001)");
    }
    Path run = Runs.first(folder);
    Metrics metrics = Metrics.read(run);
    assertThat(metrics.last(Event.Diverged.class).orElseThrow()).isEqualTo(new Event.Diverged(1, "blocks.0.mlp"));
    assertThat(metrics.last(Event.End.class).orElseThrow().reason()).isEqualTo("diverged");
    assertThat(metrics.of(Event.Step.class)).isEmpty();
  }

  @Test
  void stoppedFromOutsideItFinishesTheStepAndWritesACheckpoint() throws Exception {
    AtomicBoolean stop = new AtomicBoolean();
    RunConfig config = Runs.config(folder, "train.steps=1000", "train.checkpoint_every=0");
    try (Session session = Session.start(config, true)) {
      Event.End end = new Trainer(session, Runs.watching(step -> stop.set(step.step() == 4)), stop).run();
      assertThat(end.reason()).isEqualTo("interrupted");
      assertThat(end.step()).isEqualTo(4);
    }
    assertThat(SavedRun.of(Runs.first(folder), null).checkpoint().step()).isEqualTo(4);
  }

  @Test
  void aFolderThatVanishesIsAWarningUntilTheEndWhichIsOneLine() {
    List<String> warnings = new ArrayList<>();
    int[] last = new int[1];
    try (Session session = Session.start(Runs.config(folder), true)) {
      Trainer trainer = new Trainer(session, Runs.watching(step -> {
        last[0] = step.step();
        if (step.step() == 2) {
          Runs.delete(folder.resolve("runs"));
        }
      }, warnings::add), new AtomicBoolean());
      assertThatThrownBy(trainer::run).isInstanceOf(RunException.class)
          .hasMessageContainingAll("cannot write the checkpoint of step 6", "runs", "no such file", "--resume")
          .hasMessageNotContaining("\n");
    }
    assertThat(last[0]).as("it trained to the end").isEqualTo(6);
    assertThat(warnings).anyMatch(line -> line.contains("metrics.jsonl"))
        .anyMatch(line -> line.contains("no checkpoint at step 3"));
  }

  /// From the third step's log on, for some operations.
  @Test
  void aDiskThatIsFullForAWhileChangesNothing() throws Exception {
    String[] settings = { "train.steps=12", "train.checkpoint_every=2", "train.eval_every=0" };
    Path undisturbed = Runs.train(Runs.config(folder, settings));
    List<String> warnings = new ArrayList<>();
    AtomicBoolean full = new AtomicBoolean();
    TestDisk disk = new TestDisk((_, _) -> full.get());
    try (Session session = Session.start(Runs.config(folder, settings), true)) {
      new Trainer(session, Team.NONE,
          Runs.watching(step -> full.set(step.step() >= 3 && step.step() < 9), warnings::add), new AtomicBoolean(),
          disk)
          .run();
    }
    Path run = Tree.list(folder.resolve("runs")).getLast();
    Runs.assertSame(run, undisturbed);
    assertThat(warnings).filteredOn(line -> line.startsWith("cannot write")).singleElement().asString()
        .contains("metrics.jsonl", "what is missing waits in memory");
    assertThat(warnings).filteredOn(line -> line.contains("no checkpoint at step")).hasSizeGreaterThan(1)
        .last().asString().contains("No space left on device", "the checkpoint of step 2 is whole");
  }

  /// The clock is set back, or two runs begin in the same second, as twice a year at the end of summer time.
  @Test
  void aFolderOfTheSameTimeOfDayIsNeverUsedAgain() throws Exception {
    LocalDateTime time = LocalDateTime.of(2026, 10, 25, 2, 30);
    try (Session session = Session.start(Runs.config(folder), true)) {
      for (LocalDateTime now : List.of(time, time, time.minusHours(1), time)) {
        RunFolder.create(session, now, Disk.real());
      }
    }
    assertThat(Runs.names(folder.resolve("runs"))).containsExactly("char-cpu-20261025-013000",
        "char-cpu-20261025-023000", "char-cpu-20261025-023000-2", "char-cpu-20261025-023000-3");
  }

  private static List<Double> losses(Path run) throws Exception {
    return Metrics.read(run).of(Event.Step.class).stream().map(Event.Step::loss).toList();
  }

  private static List<Double> gradientNorms(Path run) throws Exception {
    return Metrics.read(run).of(Event.Step.class).stream().map(Event.Step::gradNorm).toList();
  }
}
