package norma.train.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import norma.train.files.Json;
import norma.train.files.Tree;
import norma.train.metrics.Event;
import norma.train.metrics.Metrics;
import norma.train.run.Runs;
import norma.train.study.Study;
import norma.train.study.StudyReader;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Commands on one small run, in this JVM.
class RunCommandsTest {
  @TempDir
  private static Path folder;

  private static Path run;
  private static String trained = "";

  @BeforeAll
  static void train() throws Exception {
    trained = train("runs");
    run = only(folder.resolve("runs"));
  }

  private static Path only(Path runs) throws Exception {
    return Tree.list(runs).getFirst();
  }

  private static String train(String dir, String... settings) throws Exception {
    return Outcome.ok(command(dir, settings));
  }

  /// A copy of the run, to be changed.
  private static Path copy(String name) {
    return Runs.copy(run, folder.resolve(name));
  }

  private static List<String> command(String dir, String... settings) throws Exception {
    Path text = Files.writeString(folder.resolve("text.txt"),
        "the quick brown fox jumps over the lazy dog\n".repeat(50));
    List<String> command = new ArrayList<>(List.of("train", "data.corpus='" + text + "'",
        "output.dir='" + folder.resolve(dir) + "'", "model.layers=1", "model.heads=1", "model.width=8",
        "model.context=8",
        "train.batch=2", "train.steps=9", "train.eval_every=3", "train.eval_batches=1", "train.checkpoint_every=3",
        "train.keep_checkpoints=9", "train.norm_every=0", "train.layers_every=0", "optim.warmup_steps=0"));
    command.addAll(List.of(settings));
    return command;
  }

  @Test
  void everyCommandThatReadsWeightsTakesACheckpoint() throws Exception {
    String best = String.valueOf(Metrics.read(run).last(Event.End.class).orElseThrow().bestStep());
    for (String step : List.of("3", "6")) {
      String byStep = Outcome.ok("eval", run.toString(), "--checkpoint", step);
      assertThat(byStep).contains("step-000000" + step + ", step " + step);
      assertThat(Outcome.ok("eval", run.resolve("checkpoints/step-000000" + step).toString())).isEqualTo(byStep);
    }
    assertThat(Outcome.ok("eval", run.toString(), "--checkpoint", "last"))
        .isEqualTo(Outcome.ok("eval", run.toString())).contains("step 9");
    assertThat(Outcome.ok("eval", run.toString(), "--checkpoint", "best"))
        .isEqualTo(Outcome.ok("eval", run.toString(), "--checkpoint", best));
    assertThat(Outcome.ok("inspect", run.toString(), "--checkpoint", "3", "--sequences", "4"))
        .contains("step-0000003, step 3");
    assertThat(Outcome.ok("sample", run.toString(), "--checkpoint", "3", "--tokens", "40", "--prompt", "the"))
        .startsWith("the").hasSize(3 + 40 + 1).isNotEqualTo(
            Outcome.ok("sample", run.toString(), "--checkpoint", "9", "--tokens", "40", "--prompt", "the"));
  }

  @Test
  void aTextLiesBesideTheFileThatNamesIt() throws Exception {
    Path file = Files.writeString(Files.createDirectory(folder.resolve("sub")).resolve("x.yaml"), """
        data: {corpus: text.txt}
        model: {layers: 1, heads: 1, width: 8, context: 8}
        train: {steps: 1, batch: 2, eval_batches: 1, norm_every: 0, layers_every: 0}
        """);
    Path text = Files.writeString(file.resolveSibling("text.txt"), "a text beside its file\n".repeat(50));
    Path fromHere = Path.of("").toAbsolutePath().relativize(file.toAbsolutePath());
    Outcome.ok("train", fromHere.toString(), "output.dir='" + folder.resolve("beside") + "'");
    String corpus = Json.read(only(folder.resolve("beside")).resolve("environment.json")).path("corpus").asString("");
    assertThat(Path.of(corpus).toRealPath()).isEqualTo(text.toRealPath());
  }

  /// As a run of a GPU's precision needs them on a machine without one.
  @Test
  void settingsChangeWithWhatARunIsLookedAt() throws Exception {
    Path other = copy("tf32");
    Path config = other.resolve("config.yaml");
    Files.writeString(config, Files.readString(config).replace("precision: fp32", "precision: tf32"));
    for (String command : List.of("eval", "sample", "inspect")) {
      Outcome.of(command, other.toString(), "runtime.backend=cpu").refused(2, "runtime.precision is tf32");
      Outcome.ok(command, other.toString(), "runtime.backend=cpu", "runtime.precision=fp32");
      Outcome.of(command, other.toString(), "runtime.backends=cpu").refused(2, "runtime.backends");
    }
  }

  @Test
  void severalTextsHaveSeveralSeedsAndALineBetweenThem() {
    String first = Outcome.ok("sample", run.toString(), "--tokens", "30", "--seed", "4");
    String second = Outcome.ok("sample", run.toString(), "--tokens", "30", "--seed", "5");
    assertThat(first).isNotEqualTo(second);
    assertThat(Outcome.ok("sample", run.toString(), "--tokens", "30", "--seed", "4", "--samples", "2"))
        .isEqualTo(first + "---------------\n" + second);
    Outcome.of("sample", run.toString(), "--samples", "0").refused(2, "--samples is 0; expected 1 or more");
  }

  @Test
  void whatReadsTheLogTakesACheckpointForItsRun() {
    Path checkpoint = run.resolve("checkpoints/step-0000003");
    assertThat(Outcome.ok("report", checkpoint.toString()))
        .isEqualTo("report   " + run.resolve("report.html") + "\n");
    assertThat(Outcome.ok("compare", checkpoint.toString(), run.toString()))
        .contains(run.getFileName() + " against " + run.getFileName(), "identical losses");
  }

  @ParameterizedTest
  @CsvSource({ "3, there is no checkpoint, eval RUN --checkpoint 5",
      "3, 'has those of steps 3', sample RUN --checkpoint 5",
      "2, 'expected best, last, or a step', inspect RUN --checkpoint newest",
      "2, is a checkpoint already, eval RUN/checkpoints/step-0000003 --checkpoint best",
      "3, there is no checkpoint, train --resume RUN --checkpoint 4",
      "2, --checkpoint goes with --resume, train --checkpoint best",
      "2, 'seeds: [1,2,3]}'' > seeds.yaml && norma study seeds.yaml train.steps=9', "
          + "'train x.yaml train.seed=1,2,3 train.steps=9'",
      "2, 'variants: {run: {}}, seeds: [1, 2, 3, 4, 5, 6, 7, 8]}', train train.seeds=1..8",
      "2, optim.lr is a setting without a value; expected optim.lr=1e-3, train optim.lr 3e-4",
      "2, 'no study is called nope; expected a YAML file, or one of blocks, data-size,', study nope",
      "2, 'one run, RUN, has nothing to be compared with', compare RUN",
      "3, '--prompt: ''Ω'' (U+03A9) not in the vocabulary', sample RUN --prompt Ω",
      "3, '--prompt: ''@'' (U+0040), ', sample RUN --prompt @RUN/config.yaml",
      "2, --tokens is -1; expected 0 or more, sample RUN --tokens -1",
      "2, '2147483648', sample RUN --tokens 2147483648", "2, --top-k is -1, sample RUN --top-k -1",
      "2, --sequences is 0; expected 1 to 10000, inspect RUN --sequences 0",
      "2, --fine-tune is 1000000000; expected 0 to 999999999, inspect RUN --fine-tune 1000000000",
      "2, --steps is 100001; expected 3 to 100000, profile --steps 100001",
      "2, --jobs is 5000; expected 1 to 4096, study norms-quick --jobs 5000",
      "2, train.accumulate 3000 times model.context 64, train train.batch=1000000 train.accumulate=3000",
      "2, train.eval_batches 2147483647 times train.batch 12, train train.eval_batches=2147483647",
      "3, out of memory: training needs, train train.batch=16777215 model.layers=16 model.width=8 runtime.backend=nd4j "
          + "train.eval_batches=1" })
  void whatIsWrongIsOneLine(int code, String message, String command) {
    Outcome.of(command.replace("RUN", run.toString()).split(" ", -1))
        .refused(code, message.replace("RUN", run.toString()));
  }

  @Test
  void aRunGoesOnFromAnOlderCheckpointAndSaysWhatIsSetAside() throws Exception {
    Path other = copy("resumed");
    assertThat(Outcome.ok("train", "--resume", other.toString(), "--checkpoint", "3"))
        .contains("resumed  after step 3 of 9", "completed at step 9");
    assertThat(other.resolve("checkpoints/aside-step-0000009")).exists();
    assertThat(other.resolve("metrics.discarded.jsonl")).exists();
  }

  @Test
  void theStartIsShortAndTheRestIsInTheFolder() throws Exception {
    assertThat(trained.lines().takeWhile(line -> !line.isBlank()).filter(line -> !line.startsWith("evaluate")))
        .hasSize(5);
    assertThat(run.resolve("start.txt")).content().contains("lr 0.001, min_lr", "block attn.pre", "weight decay on ");
    assertThat(train("verbose", "-v")).contains(Files.readString(run.resolve("start.txt")).lines().skip(2)
        .takeWhile(line -> !line.startsWith("  output")).toList());
  }

  @Test
  void aRunThatIsCompleteHasNothingToDo() throws Exception {
    String log = Files.readString(run.resolve("metrics.jsonl"));
    assertThat(Outcome.ok("train", "--resume", run.toString())).isEqualTo("nothing to do: " + run
        + " is complete with 9 steps; train.steps=18 would go on\n");
    assertThat(Outcome.ok("train", "--resume", run.toString(), "--quiet")).isEqualTo(run + "\n");
    assertThat(run.resolve("metrics.jsonl")).hasContent(log);
  }

  @Test
  void aScheduleThatEndsBeforeTheRunIsSaid() throws Exception {
    String floor = "from step 5 on the learning rate stays at its minimum, 1e-4;";
    Outcome outcome = Outcome.of(command("floor", "optim.decay_steps=5", "optim.type=muon",
        "optim.groups=[{of: '*.fc.*', lr_factor: 2}]"));
    assertThat(outcome.err()).isEmpty();
    assertThat(outcome.out()).contains(
        "optim    adamw for 312 parameters, muon for 768 parameters; groups [{of: \"*.fc.*\", lr_factor: 2.0}]",
        "note     " + floor
            + "\n         optim.decay_steps=9 spreads its decay over all steps");
    Outcome longer = Outcome.of("train", "--resume", only(folder.resolve("floor")).toString(), "train.steps=12");
    assertThat(longer.err()).isEqualTo("norma: warning: " + floor
        + " in a new run optim.decay_steps=12 spreads its decay over all steps\n");
  }

  @Test
  void aRunWhoseNormIsMissingSaysWhereItWas() throws Exception {
    Path own = copy("own");
    Path config = own.resolve("config.yaml");
    Files.writeString(config, Files.readString(config).replace("all: layernorm", "all: {type: mine, alpha: 2}"));
    Path environment = own.resolve("environment.json");
    Files.writeString(environment, Files.readString(environment).replaceFirst("\\{", "{\"norm_classes\": "
        + "\"mine=my.Norm\", \"norm_classpath\": \"/my norms.jar\","));
    for (String command : List.of("sample", "inspect", "eval")) {
      Outcome.of(command, own.toString()).refused(3, "norma: " + own
          + " needs norms that are not on the class path, mine=my.Norm; expected NORMA_CLASSPATH='/my norms.jar'\n");
    }
    assertThat(Outcome.ok("compare", own.toString(), run.toString()))
        .contains("slots are not compared: " + own.getFileName() + " needs norms", "identical losses")
        .doesNotContain("model.norm", "the same configuration");
    Outcome.ok("report", own.toString());
    assertThat(own.resolve("report.html")).content().contains("NORMA_CLASSPATH=&#39;/my norms.jar&#39; norma train ");
  }

  @Test
  void aQuietRunPrintsItsFolder() throws Exception {
    assertThat(train("quiet", "--quiet")).isEqualTo(only(folder.resolve("quiet")) + "\n");
  }

  @Test
  void aPlanSaysTimeAndMemoryAndWritesNothing() throws Exception {
    assertThat(train("planned", "--plan")).containsPattern("time     about 0:0\\d: 9 steps of .* ms, 3 evaluations of ")
        .containsPattern("memory   at least \\d.* KiB");
    assertThat(folder.resolve("planned")).doesNotExist();
  }

  @Test
  void aPlanOfAResumedRunIsOfTheStepsThatAreLeft() throws Exception {
    assertThat(Outcome.ok("train", "--resume", run.toString(), "train.steps=15", "--plan"))
        .containsPattern("time     about 0:0\\d: 6 steps that are left of .* ms, 2 evaluations of ")
        .contains("without --plan it goes on\n");
    assertThat(run.resolve("config.yaml")).content().contains("steps: 9\n");
  }

  @Test
  void aCostlyEvaluationIsSaidAndAnEstimateIsCalledOne() throws Exception {
    assertThat(trained)
        .containsPattern(
            "evaluate 2\\d\\d characters, training's and validation's, every 3 steps: the arithmetic of about \\d+ steps each "
                + "time; train.eval_tokens bounds it")
        .doesNotContain("(estimate)");
    assertThat(train("estimated", "train.eval_tokens=16")).contains("validation (estimate) ", "best (estimate) ");
    String estimated = only(folder.resolve("estimated")).toString();
    assertThat(Outcome.ok("compare", run.toString(), estimated))
        .containsOnlyOnce("best val is an estimate on 16 characters");
    Outcome.ok("report", estimated);
  }

  @Test
  void aNewRunBeginsWithTheWeightsOfAnother() throws Exception {
    String output = "output.dir='" + folder.resolve("tuned") + "'";
    assertThat(Outcome.ok("train", "--init-from", run.toString(), "--checkpoint", "3", output, "train.steps=2",
        "optim.lr=2e-4", "model.norm.attn.pre={type: dyt, alpha: 0.5}", "model.norm.final=none")).contains(
            "weights  of " + run.toAbsolutePath().resolve("checkpoints/step-0000003") + ": 8 of 9 tensors by name",
            "new      blocks.*.attn.pre.alpha\n", "left     final.weight\n", "completed at step 2");
    assertThat(only(folder.resolve("tuned")).resolve("config.yaml")).content().contains("context: 8\n", "lr: 0.0002\n");
    Outcome.of("train", "--init-from", run.toString(), "--resume", run.toString()).refused(2, "expected one of them");
  }

  @Test
  void aStudyIsKnownByTheWeightsItsRunsBeginWith() throws Exception {
    Path base = copy("base");
    Files.copy(base.resolve("config.yaml"), folder.resolve("base.yaml"));
    Path file = Files.writeString(folder.resolve("study.yaml"), "base: base.yaml\nvariants: {scratch: {}, "
        + "tuned: {train.init_from: base}}\nbaseline: scratch\nseeds: 1\n");
    Study study = StudyReader.read(file, List.of());
    Study.Candidate tuned = study.variants().getLast().candidates().getFirst();
    assertThat(tuned.config().train().initFrom()).hasValue(base.resolve("checkpoints/step-0000009"));
    Outcome.ok("train", "--resume", base.toString(), "train.steps=10");
    Study later = StudyReader.read(file, List.of());
    assertThat(later.variants().getLast().candidates().getFirst().weights()).hasSize(64).isNotEqualTo(tuned.weights());
    assertThat(later.hash()).isNotEqualTo(study.hash());
    assertThat(id(later, 0)).isEqualTo(id(study, 0));
    assertThat(id(later, 1)).isNotEqualTo(id(study, 1));
  }

  private static String id(Study study, int variant) {
    return study.cell(study.variants().get(variant), study.variants().get(variant).candidates().getFirst(), 1).id();
  }

  /// A folder in its place cannot be replaced, whoever runs this.
  @Test
  void whereTheReportOfAnInspectionCannotBeWrittenThatIsSaidFirst() throws Exception {
    Path locked = copy("locked");
    Path inWay = locked.resolve("inspect.html");
    Files.deleteIfExists(inWay);
    Files.createDirectories(inWay.resolve("x"));
    Outcome outcome = Outcome.of("inspect", locked.toString(), "--sequences", "4");
    assertThat(outcome.code()).as(outcome.err()).isZero();
    assertThat(outcome.err()).isEqualTo("norma: warning: no inspect.html: " + inWay
        + ": it is a folder; expected a file's name; --out FILE puts it elsewhere\n");
    assertThat(outcome.out()).contains("blocks.0.attn.pre").doesNotContain("report ");
    Path elsewhere = folder.resolve("elsewhere.html");
    assertThat(Outcome.ok("inspect", locked.toString(), "--sequences", "4", "--out", elsewhere.toString()))
        .contains("report   " + elsewhere);
    assertThat(elsewhere).content().contains("locked");
    Path nowhere = folder.resolve("no/such.html");
    Outcome.of("inspect", locked.toString(), "--out", nowhere.toString())
        .refused(3, "norma: " + nowhere + ": no such folder\n");
  }
}
