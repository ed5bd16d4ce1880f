package norma.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import norma.train.config.Assignment;
import norma.train.files.Disk;
import norma.train.files.Tree;
import norma.train.metrics.Event;
import norma.train.metrics.Metrics;
import norma.train.metrics.MetricsLog;
import norma.train.metrics.RunView;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.Logger;
import org.apache.logging.log4j.core.appender.WriterAppender;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ResumeTest {
  @TempDir
  private Path folder;

  private Path undisturbed(String... settings) {
    return Runs.trained(folder, -1, settings);
  }

  private Path interrupted(int steps, String... settings) {
    return Runs.trained(folder, steps, settings);
  }

  @ParameterizedTest
  @CsvSource({ "'3', layernorm, adamw", "'2,4', dyt, sgd", "'2,1,1,3,1', dyisru, muon" })
  void howeverOftenItIsInterruptedTheRunIsTheUndisturbedOne(String stops, String norm, String optimizer)
      throws Exception {
    String[] settings = { "train.steps=10", "train.log_every=4", "train.eval_every=2", "train.sample_every=4",
        "model.dropout=0.2", "model.norm.all=" + norm, "optim.type=" + optimizer };
    Path undisturbed = undisturbed(settings);
    List<Integer> lengths = List.of(stops.split(",")).stream().map(Integer::valueOf).toList();
    Path run = interrupted(lengths.getFirst(), settings);
    for (int length : lengths.subList(1, lengths.size())) {
      assertThat(Runs.resume(run, length).reason()).isEqualTo("interrupted");
    }
    assertThat(Runs.resume(run, -1).reason()).isEqualTo("completed");
    Runs.assertSame(run, undisturbed);
  }

  /// Its weights file has too few digits to go on from. Neither run comes to its end, where ND4J would take seconds for a sample.
  @Test
  void aRunInFloat64GoesOnInFloat64() throws Exception {
    String[] settings = { "runtime.backend=nd4j", "runtime.precision=fp64", "train.steps=4", "train.eval_every=0",
        "train.norm_every=0", "train.layers_every=0" };
    Path undisturbed = interrupted(3, settings);
    Path run = interrupted(2, settings);
    Runs.resume(run, 1);
    Runs.assertSameSoFar(run, undisturbed);
  }

  @Test
  void aRunWithoutACheckpointBeginsAnew() throws Exception {
    Path undisturbed = undisturbed();
    Path run = interrupted(2);
    Runs.delete(run.resolve("checkpoints"));
    Runs.resume(run, -1);
    Runs.assertSame(run, undisturbed);
    assertThat(run.resolve("metrics.discarded.jsonl")).content().contains("\"step\":2");
  }

  @Test
  void whatALogBeyondTwoGigabytesLosesIsSaid() throws Exception {
    Path run = interrupted(2);
    Runs.delete(run.resolve("checkpoints"));
    Disk.real().writeEnd(run.resolve("metrics.jsonl"), 3L << 30, new byte[]{ '\n' });
    try (Resumption resumption = Resumption.open(run, List.of())) {
      assertThat(resumption.loses()).get().asString().contains("has steps in its log and no checkpoint");
    }
  }

  @Test
  void aCompleteRunIsCompleteAgain() throws Exception {
    Path undisturbed = undisturbed("train.eval_every=0");
    Path run = undisturbed("train.eval_every=0");
    Files.delete(run.resolve("layers.csv"));
    assertThat(Runs.resume(run, -1).reason()).isEqualTo("completed");
    Runs.assertSame(run, undisturbed);
    assertThat(run.resolve("layers.csv")).content().contains("\nblocks.0.attn,");
  }

  @Test
  void stepsMayGrowAndTheLossesAreThoseOfALongRun() throws Exception {
    Path undisturbed = undisturbed("train.steps=9");
    Path run = undisturbed("train.steps=6");
    Runs.resume(run, -1, "train.steps=9", "train.norm_every=1", "train.keep_checkpoints=5");
    assertThat(Runs.weights(run)).isEqualTo(Runs.weights(undisturbed));
    assertThat(Metrics.read(run).of(Event.Step.class)).extracting(Event.Step::loss)
        .isEqualTo(Metrics.read(undisturbed).of(Event.Step.class).stream().map(Event.Step::loss).toList());
    assertThat(run.resolve("config.yaml")).content().contains("steps: 9");
  }

  @ParameterizedTest
  @CsvSource({ "optim.lr=2e-3, optim.lr is 0.002 but this run has 0.001",
      "optim.type=sgd, optim.type is sgd but this run has adamw",
      "model.norm.all=dyt, model.norm.all is dyt but this run has layernorm",
      "train.batch=4, train.batch is 4 but this run has 3", "train.seed=3, train.seed is 3 but this run has 1337",
      "data.val_fraction=0.2, data.val_fraction is 0.2 but this run has 0.1",
      "runtime.precision=bf16, runtime.precision is bf16 but this run has fp32",
      "train.steps=1, train.steps is 1 but this run has taken 2" })
  void anotherMathematicsIsRefusedByName(String setting, String message) {
    Path run = interrupted(2);
    assertThatThrownBy(() -> Resumption.open(run, Assignment.parse(List.of(setting))))
        .isInstanceOf(IllegalArgumentException.class).hasMessageContaining(message.replace(" but", ", but"))
        .hasMessageNotContaining("\n");
  }

  @ParameterizedTest
  @CsvSource({ "runtime.backend=nd4j, runtime.backend=cpu", "runtime.threads=7, runtime.shards=4" })
  void anotherRoundingIsRefusedWithTheSettingThatGoesOn(String setting, String advice) {
    Path run = interrupted(2, "train.batch=8");
    try (Resumption resumption = Resumption.open(run, Assignment.parse(List.of(setting)))) {
      assertThatThrownBy(() -> resumption.session(true)).isInstanceOf(RunException.class)
          .hasMessageContaining(advice + " goes on with it");
    }
  }

  /// Three sequences are three shards, for however many there would be threads.
  @Test
  void moreThreadsThanSequencesAddUpTheSame() throws Exception {
    Path run = interrupted(2);
    assertThat(Runs.resume(run, -1, "runtime.threads=7").reason()).isEqualTo("completed");
    Runs.assertSame(run, undisturbed());
  }

  @Test
  void anotherTextIsRefusedAndTheSameTextMayLieElsewhere() throws Exception {
    Path run = Runs.train(Runs.config(folder), 2);
    Path moved = Files.move(folder.resolve("text.txt"), folder.resolve("moved.txt"));
    Files.writeString(folder.resolve("text.txt"), Files.readString(moved).replace("brown", "Brown"));
    try (Resumption resumption = Resumption.open(run, List.of())) {
      assertThatThrownBy(() -> resumption.session(true)).isInstanceOf(RunException.class)
          .hasMessageContainingAll("data.corpus is not the text", "it changed since");
    }
    assertThat(Runs.resume(run, -1, "data.corpus='" + moved + "'").reason()).isEqualTo("completed");
  }

  @Test
  void aTornLastLineOfTheLogIsReportedAndPutAside() throws Exception {
    Path undisturbed = undisturbed();
    Path run = interrupted(4);
    Path log = run.resolve("metrics.jsonl");
    Files.writeString(log, "{\"event\":\"step\",\"step\":5,\"lo", StandardOpenOption.APPEND);
    List<String> warnings = new ArrayList<>();
    try (Resumption resumption = Resumption.open(run, List.of()); Session session = resumption.session(true)) {
      new Trainer(session, resumption, Team.NONE, Runs.watching(_ -> {}, warnings::add), new AtomicBoolean()).run();
    }
    assertThat(warnings).singleElement().asString().contains(log.toString(), "was cut off in the middle of writing");
    Runs.assertSame(run, undisturbed);
    assertThat(run.resolve("metrics.discarded.jsonl")).content().contains("resumed at step 4", "interrupted",
        "\"step\":5,\"lo\n");
  }

  @Test
  void theBestValueIsRemembered() throws Exception {
    String[] settings = { "train.steps=8", "train.eval_every=2", "optim.lr=0.5", "optim.schedule=constant",
        "optim.clip_norm=0" };
    Path undisturbed = undisturbed(settings);
    Event.End end = Metrics.read(undisturbed).last(Event.End.class).orElseThrow();
    assertThat(end.bestStep()).as("this run gets worse").isLessThan(8);
    Path run = interrupted(7, settings);
    assertThat(Runs.resume(run, -1)).isEqualTo(end);
    assertThat(run.resolve("checkpoints/" + Checkpoint.nameOf(end.bestStep()))).exists();
  }

  @Test
  void aDamagedCheckpointIsNamedAndTheOneBeforeGoesOn() throws Exception {
    Path undisturbed = undisturbed();
    Path run = interrupted(5, "train.keep_checkpoints=5");
    Path state = run.resolve("checkpoints/step-0000005/state");
    byte[] bytes = Files.readAllBytes(state);
    bytes[bytes.length - 3] ^= 16;
    Files.write(state, bytes);
    Runs.resume(run, -1, "train.keep_checkpoints=2");
    Runs.assertSame(run, undisturbed);
    assertThat(run.resolve("checkpoints/aside-step-0000005/state")).hasBinaryContent(bytes);
  }

  @ParameterizedTest
  @ValueSource(strings = { "best_loss", "shards", "first_moment.final.weight" })
  void aMissingOrAnExtraKeyOfTheStateIsAnError(String key) throws Exception {
    Path run = interrupted(2);
    Path state = run.resolve("checkpoints/step-0000002/state");
    String text = Files.readString(state, java.nio.charset.StandardCharsets.ISO_8859_1);
    for (String other : List.of(text.replace(key, "other"), text.replaceFirst("\\{", "{\"other\":\"1\","))) {
      Path changed = Files.writeString(folder.resolve("state"), other, java.nio.charset.StandardCharsets.ISO_8859_1);
      try (Session session = Session.start(RunFolder.open(run).config(List.of()), true)) {
        assertThatThrownBy(
            () -> TrainingState.read(changed).restore(session, new TrainStep(session).state()))
            .isInstanceOf(RunException.class).hasMessageMatching(".*(other|lacks).*").hasMessageNotContaining("\n");
      }
    }
  }

  @ParameterizedTest
  @CsvSource({ "metrics_bytes, -1", "rollbacks, 4", "lr_factor, 0.0", "lr_factor, NaN", "anchor, 7", "step, -2" })
  void aValueThatNoRunCanHaveIsAnError(String key, String value) throws Exception {
    Path run = interrupted(2);
    Path state = run.resolve("checkpoints/step-0000002/state");
    String text = Files.readString(state, java.nio.charset.StandardCharsets.ISO_8859_1);
    Path changed = Files.writeString(folder.resolve("state"),
        text.replaceFirst("\"" + key + "\":\"[^\"]*\"", "\"" + key + "\":\"" + value + "\""),
        java.nio.charset.StandardCharsets.ISO_8859_1);
    assertThatThrownBy(() -> TrainingState.read(changed)).isInstanceOf(RunException.class)
        .hasMessageContainingAll(changed.toString(), " is damaged: ", " is ", "expected")
        .hasMessageNotContaining("\n");
  }

  @Test
  void aDamagedEnvironmentIsOnlyAWarning() throws Exception {
    Path run = interrupted(2);
    Path environment = Files.write(run.resolve("environment.json"), new byte[]{ '{', (byte) 0xff });
    assertThat(warnings(Resumption.class,
        () -> assertThat(Runs.resume(run, -1).reason()).isEqualTo("completed")))
        .contains(environment + " is damaged: ").hasLineCount(1);
  }

  /// What a class logs meanwhile.
  private static String warnings(Class<?> by, Runnable work) {
    StringWriter text = new StringWriter();
    WriterAppender appender = WriterAppender.createAppender(null, null, text, "test", false, true);
    appender.start();
    Logger logger = (Logger) LogManager.getLogger(by);
    Level before = logger.getLevel();
    logger.addAppender(appender);
    logger.setLevel(Level.WARN); // after the appender, which sets the configuration's
    try {
      work.run();
    } finally {
      logger.setLevel(before);
      logger.removeAppender(appender);
    }
    return text.toString();
  }

  /// A checkpoint of the last step would leave nothing to a resume that could repeat the lines.
  @Test
  void aRunWhoseLastLinesCannotBeWrittenHasNoLastCheckpointAndRepeatsThem() throws Exception {
    Path undisturbed = undisturbed();
    AtomicBoolean full = new AtomicBoolean();
    TestDisk disk = new TestDisk((_, path) -> full.get() && path.endsWith(Metrics.FILE));
    try (Session session = Session.start(Runs.config(folder), true)) {
      Trainer trainer = new Trainer(session, Team.NONE, Runs.watching(step -> full.set(step.step() > 4)),
          new AtomicBoolean(), disk);
      assertThatThrownBy(trainer::run).isInstanceOf(RunException.class)
          .hasMessageContainingAll("cannot write the checkpoint of step 6", "metrics.jsonl: No space left",
              "the checkpoint of step 3 is whole");
    }
    Path run = Runs.first(folder);
    Runs.resume(run, -1);
    Runs.assertSame(run, undisturbed);
  }

  @Test
  void theNamesOfANewRunAndOfWhatWasCutOffAreOnTheDisk() throws Exception {
    TestDisk disk = new TestDisk();
    Path run;
    try (Session session = Session.start(Runs.config(folder), true)) {
      run = RunFolder.create(session, java.time.LocalDateTime.of(2026, 1, 1, 0, 0), disk).path();
    }
    assertThat(disk.operations()).contains(new TestDisk.Operation.Sync(folder),
        new TestDisk.Operation.Sync(folder.resolve("runs")));
    MetricsLog log = new MetricsLog(run, disk, warning -> {}, RunView.NONE);
    log.append(new Event.Diverged(1, "head"));
    log.cut(0, "a test");
    assertThat(disk.operations().get(disk.operations().size() - 3)).isEqualTo(new TestDisk.Operation.Sync(run));
  }

  @Test
  void aRunFolderThatCannotBeMadeLeavesNothing() throws Exception {
    try (Session session = Session.start(Runs.config(folder), true)) {
      for (int operation = 0; operation < 9; operation++) {
        int failing = operation;
        assertThatThrownBy(() -> RunFolder.create(session, java.time.LocalDateTime.of(2026, 1, 1, 0, 0),
            new TestDisk((at, _) -> at >= failing))).isInstanceOf(RunException.class)
            .hasMessageContaining("cannot create a run folder");
        assertThat(Tree.list(folder.resolve("runs"))).isEmpty();
      }
    }
  }

  @Test
  void aSecondTrainingInOneFolderIsRefusedUntilTheFirstEnds() {
    Path run = interrupted(2);
    try (Resumption first = Resumption.open(run, List.of())) {
      assertThat(first.step()).isEqualTo(2);
      assertThatThrownBy(() -> Resumption.open(run, List.of())).isInstanceOf(RunException.class)
          .hasMessageContainingAll("is being trained by another process", "" + ProcessHandle.current().pid());
    }
    assertThat(Runs.resume(run, -1).reason()).isEqualTo("completed");
  }
}
