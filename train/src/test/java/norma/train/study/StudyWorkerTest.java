package norma.train.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import norma.kernels.cuda.CudaDevice;
import norma.models.CostModel;
import norma.models.Slot;
import norma.train.config.RunConfig;
import norma.train.files.Json;
import norma.train.files.Tree;
import norma.train.metrics.Event;
import norma.train.metrics.Median;
import norma.train.metrics.Metrics;
import norma.train.run.Checkpoint;
import norma.train.run.DivergedException;
import norma.train.run.Evaluation;
import norma.train.run.RunException;
import norma.train.run.RunFolder;
import norma.train.run.SavedRun;
import norma.train.run.Session;
import norma.train.run.TrainObserver;
import norma.train.study.StudyWorker.Training;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StudyWorkerTest {
  private static final Training REAL = CellTraining::run;

  private static final List<String> UNDISTURBED = new ArrayList<>();

  @TempDir
  Path temp;

  /// Runs of a quarter of a second.
  private StudyFolder folder(String name, String more) throws IOException {
    Path text = temp.resolve("text.txt");
    Files.writeString(text, "the quick brown fox jumps over the lazy dog. ".repeat(20));
    Path file = Files.writeString(temp.resolve("x.yaml"), """
        base:
          data: {corpus: "%s"}
          model: {layers: 1, heads: 2, width: 16, context: 12}
          optim: {warmup_steps: 2, decay_steps: 20}
          train: {steps: 6, batch: 3, eval_every: 3, eval_batches: 2, layers_every: 0}
        baseline: layernorm
        variants:
          layernorm: {}
          rmsnorm: {model.norm.all: rmsnorm}
          dyt: {model.norm.all: dyt}
        """.formatted(text) + more);
    return new StudyFolder(StudyReader.read(file, List.of()), temp.resolve(name).resolve("study"));
  }

  /// The same without its last variant.
  private StudyFolder pair(String name, String more) throws IOException {
    StudyFolder three = folder(name, more);
    Path file = temp.resolve("x.yaml");
    Files.writeString(file, Files.readString(file).replace("  dyt: {model.norm.all: dyt}\n", ""));
    return new StudyFolder(StudyReader.read(file, List.of()), three.path());
  }

  private static void work(StudyFolder folder, Training training) throws IOException {
    new StudyWorker(folder, OptionalInt.of(1), new AtomicBoolean(), training).run();
  }

  /// Under another variant's name in another study beside the first; another seed, text, build or GPU is another run.
  @Test
  void aRunThatWasTrainedUnderAnotherNameIsFoundAndUsed() throws IOException {
    StudyFolder first = folder("first", "seeds: 1\n");
    work(first, REAL);
    Path file = temp.resolve("x.yaml");
    Files.writeString(file,
        Files.readString(file).replace("  dyt: {", "  another-name: {").replace("seeds: 1", "seeds: 2"));
    StudyFolder second = new StudyFolder(StudyReader.read(file, List.of()), first.path().resolveSibling("second"));
    StudyPlan plan = StudyPlan.of(second, 1, new AtomicBoolean()).orElseThrow();
    assertThat(plan.found()).isEqualTo(3);
    assertThat(plan.left()).isEqualTo(3);
    List<String> trained = new ArrayList<>();
    work(second, (config, observer, stop) -> {
      trained.add(config.name());
      return REAL.run(config, observer, stop);
    });
    assertThat(trained).containsExactly("layernorm-s2", "rmsnorm-s2", "another-name-s2");
    CellResult there = Objects.requireNonNull(first.result(first.cells().getLast()));
    CellResult here = Objects.requireNonNull(second.result(second.cells().get(2)));
    assertThat(here).isEqualTo(there.as(second.cells().get(2).id(), here.folder()));
    assertThat(second.path().resolve(here.folder()).resolve("metrics.jsonl"))
        .hasSameTextualContentAs(first.path().resolve(there.folder()).resolve("metrics.jsonl"));
    Files.delete(second.path().resolve("cells").resolve(here.cell() + ".json"));
    assertThat(second.adopt(second.cells().get(2))).isPresent();
    Path twin = first.path().resolve("cells").resolve(there.cell() + ".json");
    String sound = Files.readString(twin);
    for (String key : List.of("norma", "backend")) {
      Files.writeString(twin, sound.replace("\"" + key + "\" : \"", "\"" + key + "\" : \"another "));
      assertThat(second.adopt(second.cells().get(2))).as(key).isEmpty();
    }
  }

  /// Every row without what differs from run to run: seconds, speed, folder.
  private static List<String> results(StudyFolder folder) throws IOException {
    List<String> lines = StudySummary.csv(folder).lines().toList();
    List<String> names = List.of(lines.getFirst().split(",", -1));
    Set<String> differing = Set.of("seconds", "tokens_per_s", "peak_rss_mib", "seconds_to_baseline", "folder");
    return lines.stream().map(line -> {
      String[] fields = line.split(",", -1);
      return IntStream.range(0, names.size()).filter(i -> !differing.contains(names.get(i))).mapToObj(i -> fields[i])
          .collect(Collectors.joining(","));
    }).toList();
  }

  /// The results of one seed, trained once for two tests.
  private List<String> undisturbed() throws IOException {
    if (UNDISTURBED.isEmpty()) {
      StudyFolder whole = folder("whole", "seeds: 1\n");
      work(whole, REAL);
      UNDISTURBED.addAll(results(whole));
    }
    return UNDISTURBED;
  }

  @Test
  void severalWorkersFindWhatOneFinds() throws Exception {
    String tuned = "seeds: 1\ntune: {optim.lr: [1e-4, 1e-2]}\ntune_seeds: 1\n";
    StudyFolder alone = pair("alone", tuned);
    work(alone, REAL);
    StudyFolder shared = pair("shared", tuned);
    AtomicInteger runs = new AtomicInteger();
    try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
      List<Future<?>> workers = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        workers.add(threads.submit(() -> {
          work(shared, (config, observer, stop) -> {
            runs.incrementAndGet();
            return REAL.run(config, observer, stop);
          });
          return null;
        }));
      }
      for (Future<?> worker : workers) {
        worker.get();
      }
    }
    assertThat(results(shared)).isEqualTo(results(alone)).hasSize(1 + 4 + 2);
    assertThat(runs).as("no run twice").hasValue(6);
    assertThat(shared.winner(alone.study().variants().getFirst()).orElseThrow().label()).isEqualTo("optim.lr=1e-2");
    assertThat(Tree.list(shared.path().resolve("locks"))).as("all given back").hasSize(6)
        .allMatch(lock -> lock.toFile().length() == 0);
  }

  @Test
  void aNumberIsTheSameRunBeforeAndAfterItsSettingsAreChosen() throws IOException {
    StudyFolder folder = pair("numbers", "seeds: 2\ntune: {optim.lr: [1e-4, 1e-2]}\ntune_seeds: 1\n");
    Map<Integer, Study.Cell> before = folder.numbered();
    assertThat(before.keySet()).containsExactly(0, 1, 2, 3);
    for (int number : List.of(2, 3)) { // both candidates of the second variant
      new StudyWorker(folder, OptionalInt.of(1), new AtomicBoolean(), REAL)
          .run(Objects.requireNonNull(before.get(number)));
    }
    assertThat(folder.numbered().keySet()).as("its runs on two seeds").containsExactly(0, 1, 2, 3, 5, 7);
    Study.Cell known = Objects.requireNonNull(folder.numbered().get(7));
    assertThat(known.variant().name() + known.seed()).isEqualTo("rmsnorm2");
    work(folder, REAL);
    assertThat(folder.numbered()).containsAllEntriesOf(before).containsEntry(7, known).hasSize(8);
  }

  /// A node that was believed to be dead comes back: the second attempt has failed for want of what the first one cleared away.
  @Test
  void ofTwoAttemptsTheFirstResultStays() throws IOException {
    StudyFolder folder = folder("twice", "seeds: 1\n");
    Study.Cell cell = folder.cells().getFirst();
    StudyFolder other = new StudyFolder(folder.study(), folder.path());
    CellResult first = new StudyWorker(folder, OptionalInt.of(1), new AtomicBoolean(), (config, observer, stop) -> {
      try {
        other.fail(cell, "its process was killed");
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return REAL.run(config, observer, stop);
    }).run(cell).orElseThrow();
    assertThat(first.status()).as("what failed is no result").isEqualTo(CellResult.COMPLETED);
    assertThat(other.settle(cell, CellResult.without(cell.id(), CellResult.FAILED, "no such file"))).isEqualTo(first);
    assertThat(other.result(cell)).isEqualTo(first);
  }

  @Test
  void aGridOfFormulasIsTrainedPointByPoint() throws IOException {
    Path file = Files.writeString(temp.resolve("f.yaml"), """
        base:
          data: {corpus: "%s"}
          model: {layers: 1, heads: 2, width: 16, context: 12}
          train: {steps: 6, batch: 3, eval_every: 3, eval_batches: 2, norm_every: 6, layers_every: 0}
        baseline: inner
        variants:
          inner: {model.norm.final: layernorm}
          all: {}
        grid:
          model.norm.all:
            - {y: "weight * x / (1 + abs(alpha * x))", alpha: 0.5}
            - {y: "weight * clamp(gain * x, -1, 1)", gain: 0.5}
        seeds: 1
        """.formatted(Files.writeString(temp.resolve("text.txt"), "the quick brown fox jumps. ".repeat(30))));
    StudyFolder folder = new StudyFolder(StudyReader.read(file, List.of()), temp.resolve("formulas"));
    work(folder, REAL);
    List<CellResult> results = new ArrayList<>();
    for (Study.Cell cell : folder.cells()) {
      results.add(Objects.requireNonNull(folder.result(cell)));
    }
    assertThat(results).extracting(CellResult::status).containsOnly(CellResult.COMPLETED).hasSize(4);
    assertThat(results).extracting(CellResult::bestLoss).doesNotHaveDuplicates();
    assertThat(StudySummary.csv(folder)).contains("weight * clamp(gain * x, -1, 1)");
    StudyReport.write(folder, "norma study f");
    assertThat(folder.path().resolve("report.html")).content().contains("gain * x, -1, 1", "abs(alpha * x)");
  }

  @Test
  void aStudyGoesOnWhereItWasStopped() throws IOException {
    StudyFolder stopped = folder("stopped", "seeds: 1\n");
    AtomicInteger runs = new AtomicInteger();
    AtomicBoolean stop = new AtomicBoolean();
    Training second = (config, observer, flag) -> {
      flag.set(runs.incrementAndGet() == 2); // a signal at the start of the second run
      return REAL.run(config, observer, flag);
    };
    new StudyWorker(stopped, OptionalInt.of(1), stop, second).run();
    assertThat(StudySummary.of(stopped).finished()).isEqualTo(1);
    work(stopped, second);
    assertThat(runs).as("one of three was begun twice").hasValue(4);
    assertThat(results(stopped)).isEqualTo(undisturbed());
    work(stopped, (config, observer, flag) -> {
      throw new AssertionError("nothing is left to do");
    });
  }

  /// As a cluster stops a run that must make room. On another machine, or with another build, the run begins anew.
  @Test
  void aStoppedRunGoesOnFromItsCheckpoint() throws IOException {
    StudyFolder stopped = folder("stopped", "seeds: 1\n");
    List<Integer> steps = new ArrayList<>();
    Training stopping = (config, observer, stop) -> CellTraining.run(config, new TrainObserver() {
      @Override
      public void started(Session session, CostModel cost, Path path) {
        observer.started(session, cost, path);
      }

      @Override
      public void stepped(Event.Step step) {
        steps.add(step.step());
        stop.set(steps.size() == 4 || steps.size() == 9);
      }

      @Override
      public void ended(Event.End end, Path path, double seconds) {
        observer.ended(end, path, seconds);
      }
    }, stop);
    for (Study.Cell cell : stopped.cells().subList(0, 2)) {
      new StudyWorker(stopped, OptionalInt.of(1), new AtomicBoolean(), stopping).run(cell);
      Path machine = stopped.runs(cell).resolve(CellTraining.MACHINE);
      assertThat(machine).content().contains("backend=");
      if (steps.size() > 6) {
        Files.writeString(machine, "another");
      }
      new StudyWorker(stopped, OptionalInt.of(1), new AtomicBoolean(), stopping).run(cell);
      assertThat(Tree.list(stopped.runs(cell))).as("the run, and nothing beside it").hasSize(1);
    }
    assertThat(steps).containsExactly(1, 2, 3, 4, 5, 6, /**/ 1, 2, 3, /**/ 1, 2, 3, 4, 5, 6);
    work(stopped, REAL);
    assertThat(results(stopped)).isEqualTo(undisturbed());
  }

  @Test
  void aChangedVariantIsTrainedAgainAndTheOthersAreNot() throws IOException {
    AtomicInteger runs = new AtomicInteger();
    Training counting = (config, observer, stop) -> {
      runs.incrementAndGet();
      throw new DivergedException("which is a result");
    };
    work(folder("same", "seeds: 1\n"), counting);
    Path file = temp.resolve("x.yaml");
    Files.writeString(file,
        Files.readString(file).replace("dyt: {model.norm.all: dyt}", "dyt: {model.norm.all: derf}"));
    StudyFolder changed = new StudyFolder(StudyReader.read(file, List.of()), temp.resolve("same").resolve("study"));
    assertThat(StudySummary.of(changed).finished()).isEqualTo(2);
    work(changed, counting);
    assertThat(runs).hasValue(4);
  }

  @Test
  void aDivergedRunIsAResult() throws IOException {
    StudyFolder folder = pair("diverged", "seeds: 2\n");
    work(folder, (config, observer, stop) -> {
      if (config.model().norm().of(Slot.FINAL).type().equals("rmsnorm")) {
        throw new DivergedException("diverged at step 3: the loss is NaN");
      }
      return REAL.run(config, observer, stop);
    });
    StudySummary.Row last = StudySummary.of(folder).rows().getLast();
    assertThat(last.count(CellResult.DIVERGED)).isEqualTo(2);
    assertThat(last.divergedP()).isEqualTo(0.5); // both of two: 2 / 2^2
    assertThat(last.best().pairs()).isZero();
    assertThat(last.words()).isEqualTo("does not train");
    assertThat(SummaryText.remarks(StudySummary.of(folder)))
        .anyMatch(remark -> remark.startsWith("rmsnorm: 2 of 2 runs diverged"));
  }

  @Test
  void aCrashedRunIsTriedOnceMore() throws IOException {
    StudyFolder folder = folder("crashed", "seeds: 1\n");
    AtomicInteger dyt = new AtomicInteger();
    AtomicInteger rms = new AtomicInteger();
    work(folder, (config, observer, stop) -> {
      String type = config.model().norm().of(Slot.FINAL).type();
      if (type.equals("dyt")) {
        dyt.incrementAndGet();
        throw new IllegalStateException("always");
      }
      if (type.equals("rmsnorm") && rms.incrementAndGet() == 1) {
        throw new IllegalStateException("once");
      }
      return REAL.run(config, observer, stop);
    });
    StudySummary summary = StudySummary.of(folder);
    assertThat(dyt).hasValue(2);
    assertThat(summary.rows().getLast().count(CellResult.FAILED)).isEqualTo(1);
    assertThat(summary.rows().get(1).count(CellResult.COMPLETED)).isEqualTo(1);
    String error = summary.rows().getLast().results().values().iterator().next().error();
    assertThat(error).contains("always");
    assertThat(Path.of(error.substring(error.lastIndexOf(' ') + 1))).content()
        .contains("IllegalStateException: always");
  }

  @Test
  void whatIsWrongWithARunFailsItAndTheOthersGoOn() throws IOException {
    StudyFolder folder = folder("failed", "seeds: 2\n");
    AtomicInteger dyt = new AtomicInteger();
    work(folder, (config, observer, stop) -> switch (config.model().norm().of(Slot.FINAL).type()) {
      case "dyt" -> {
        dyt.incrementAndGet();
        if (config.train().seed() == 1) {
          throw new RunException("training needs more memory than there is");
        }
        throw new OutOfMemoryError("Java heap space");
      }
      case "rmsnorm" -> throw new DivergedException("diverged at step 3: the loss is NaN");
      default -> REAL.run(config, observer, stop);
    });
    assertThat(dyt).as("once for each seed").hasValue(2);
    StudySummary summary = StudySummary.of(folder);
    assertThat(summary.rows()).extracting(StudySummary.Row::words).containsExactly("baseline", "does not train",
        "failed");
    assertThat(summary.rows().getFirst().count(CellResult.COMPLETED)).isEqualTo(2);
    assertThat(summary.failed()).extracting(CellResult::error).containsExactly(
        "training needs more memory than there is",
        "out of memory (Java heap space); fewer runs at once, --jobs, need less");
    StudyReport.write(folder, "norma study x");
    assertThat(SummaryText.terminal(summary)).contains("0 of 2, 2 failed", "0 of 2, 2 diverged");
    assertThat(folder.path().resolve("summary.md")).content().contains("2 of 6 runs failed. ",
        "failed and is not counted; the next start tries it again: training needs more memory than there is",
        "| failed | failed |", "| diverged | diverged |");
    assertThat(folder.path().resolve("report.html")).content().contains("training needs more memory than there is");
    assertThat(folder.path().resolve("results.csv")).content().contains(",failed,", ",diverged,", ",completed,");

    work(folder, (config, observer, stop) -> {
      throw new AssertionError("nothing is left to do");
    });
    assertThat(new StudyFolder(folder.study(), folder.path()).reopenFailed()).isEqualTo(2);
    StudyFolder again = new StudyFolder(folder.study(), folder.path());
    AtomicInteger tries = new AtomicInteger();
    work(again, (config, observer, stop) -> {
      tries.incrementAndGet();
      throw new DivergedException("which is a result");
    });
    assertThat(tries).as("those that failed").hasValue(2);
    assertThat(StudySummary.of(again).failed()).isEmpty();
    assertThat(StudySummary.of(again).rows()).extracting(row -> row.count(CellResult.DIVERGED)).as("a result stays")
        .containsExactly(0, 2, 2);
  }

  @Test
  void aVariantThatCannotBeTrainedIsNamedBeforeTheFirstRun() throws IOException {
    StudyFolder folder = folder("untrainable", """
          short: {data.train_fraction: 0.01}
          large: {model.width: 64000}
          deep: {model.width: 65536, model.layers: 16}
        seeds: 2
        """);
    assertThatThrownBy(() -> UntrainableVariants.refuse(folder, 1)).isInstanceOf(RunException.class).message()
        .startsWith("3 of 6 variants cannot be trained here: ").doesNotContain("\n")
        .contains("short: model.context is 12 but the training split has only 8 tokens",
            "large: out of memory: ", "deep: out of memory: the model has ");
    assertThat(folder.path()).as("nothing is left behind").doesNotExist();
  }

  @Test
  void aVariantWhoseRunsHaveAllEndedNeedsNoMachine() throws IOException {
    StudyFolder folder = folder("ended", "  short: {data.train_fraction: 0.01}\nseeds: 1\n");
    for (Study.Cell cell : folder.cells()) {
      if (cell.variant().name().equals("short")) {
        folder.write(cell, CellResult.without(cell.id(), CellResult.DIVERGED, ""));
      }
    }
    UntrainableVariants.refuse(folder, 1);
    for (Study.Cell cell : folder.cells()) {
      folder.fail(cell, "then it is left again");
    }
    assertThatThrownBy(() -> UntrainableVariants.refuse(folder, 1)).hasMessageContaining("1 of 4 variants", "short: ");
  }

  @Test
  void aBackendThatIsNotHereKeepsAVariantFromTraining() throws IOException {
    Assumptions.assumeFalse(CudaDevice.mayExist(), "there is a GPU");
    StudyFolder folder = folder("gpu", "  tf32: {runtime.precision: tf32}\nseeds: 1\n");
    assertThatThrownBy(() -> UntrainableVariants.refuse(folder, 1)).isInstanceOf(RunException.class)
        .hasMessageContaining("1 of 4 variants cannot be trained here: tf32: runtime.precision is tf32");
  }

  private static Path damagedLog(Path folder) {
    try {
      Files.writeString(Files.createDirectories(folder).resolve("metrics.jsonl"), "{oops\n{}\n");
      return folder;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void aRunThatFailsWithADamagedLogHasFailedAllTheSame() throws IOException {
    StudyFolder folder = folder("damaged", "seeds: 1\n");
    work(folder, (config, observer, stop) -> {
      try (Session session = Session.start(config, false)) {
        Path run = damagedLog(Path.of(config.output().dir()));
        observer.started(session, CostModel.of(session.model(), 1, session.backend().dtype()), run);
        throw new RunException("the disk is gone");
      }
    });
    assertThat(StudySummary.of(folder).failed()).hasSize(3).extracting(CellResult::error)
        .containsOnly("the disk is gone");
  }

  /// An older build wrote neither peak memory nor the loss in int8.
  @Test
  void resultsOfOlderBuildsAreRead() {
    CellResult old = Json.record(Json.parse("{\"cell\": \"a\", \"status\": \"completed\", \"folder\": \"runs/a\", "
        + "\"best_val_loss\": 2.5, \"best_step\": 3, \"final_val_loss\": 2.6, \"steps\": 4, \"seconds\": 1.5, \"tokens_per_s\": 100}"),
        CellResult.class);
    assertThat(old.peakMebibytes()).isNaN();
    assertThat(Json.record(Json.parse("{\"status\": \"crashed\"}"), CellResult.class).failed())
        .as("the word before 2026-12")
        .isTrue();
    assertThat(old.int8Loss()).isNaN();
    assertThat(old.unigramLoss()).isNaN();
    assertThat(Json.record(Json.parse(Json.text(old)), CellResult.class)).isEqualTo(old);
    CellResult now = new CellResult("a", "completed", "runs/a", 2.5, 3, 2.6, 2.7, 3.1, 4, 1.5, 100, 345.25,
        Map.of("cpu", "c"), "");
    assertThat(Json.record(Json.parse(Json.text(now)), CellResult.class)).isEqualTo(now);
  }

  @Test
  void memoryAndTheTimeToTheBaselinesLossAreReported() throws IOException {
    StudyFolder folder = folder("costs", "seeds: 1\n");
    new StudyWorker(folder, OptionalInt.of(1), new AtomicBoolean(), REAL).run(folder.cells().getFirst());
    StudySummary.Row baseline = StudySummary.of(folder).rows().getFirst();
    CellResult result = Objects.requireNonNull(baseline.results().get(1L));
    Assumptions.assumeTrue(PeakMemory.reset(), "the system does not count a process's peak memory anew");
    assertThat(result.peakMebibytes()).isBetween(50.0, 4096.0);
    Metrics metrics = Metrics.read(folder.path().resolve(result.folder()));
    assertThat(metrics.of(Event.Eval.class)).as("still falling").isSortedAccordingTo(
        Comparator.comparingDouble(Event.Eval::valLoss).reversed());
    double step = Median.of(metrics.of(Event.Step.class).stream().mapToDouble(Event.Step::stepMillis).toArray());
    assertThat(baseline.secondsToBaseline()).isCloseTo(6 * step / 1e3, within(1e-9));
    List<String> header = List.of(StudySummary.csv(folder).lines().findFirst().orElseThrow().split(",", -1));
    List<String> first = List.of(StudySummary.csv(folder).lines().skip(1).findFirst().orElseThrow().split(",", -1));
    assertThat(Double.parseDouble(first.get(header.indexOf("seconds_to_baseline"))))
        .isCloseTo(baseline.secondsToBaseline(), within(0.006));
    assertThat(Double.parseDouble(first.get(header.indexOf("peak_rss_mib")))).isCloseTo(result.peakMebibytes(),
        within(0.6));
  }

  /// A run of 240 MiB more shows, and the one after it does not have them any more. What the compiler gives back meanwhile was once 16 MiB.
  @Test
  void thePeakIsThatOfOneRun() {
    Assumptions.assumeTrue(PeakMemory.reset(), "the system does not count a process's peak memory anew");
    double before = PeakMemory.mebibytes();
    try (Arena arena = Arena.ofConfined()) {
      arena.allocate(240 << 20).fill((byte) 1);
    }
    assertThat(PeakMemory.mebibytes()).isGreaterThan(before + 180);
    assertThat(PeakMemory.reset()).isTrue();
    assertThat(PeakMemory.mebibytes()).isLessThan(before + 60);
  }

  @Test
  void reportedRunsAreMeasuredInInt8AndThoseThatTuneAreNot() throws IOException {
    StudyFolder folder = pair("int8", "seeds: 1\ntune: {optim.lr: [1e-3, 1e-2]}\ntune_seeds: 1\n");
    work(folder, REAL);
    for (Study.Cell cell : folder.cells()) {
      CellResult result = Objects.requireNonNull(folder.result(cell));
      if (cell.tuning()) {
        assertThat(result.int8Loss()).isNaN();
      } else {
        RunConfig config = RunFolder.open(folder.path().resolve(result.folder())).config(List.of());
        Checkpoint last = SavedRun.of(folder.path().resolve(result.folder()), null).checkpoint();
        try (Session session = last.session(config, false)) {
          assertThat(result.int8Loss()).isEqualTo(new Evaluation(session).int8ValidationLoss())
              .isNotEqualTo(result.finalLoss()).isCloseTo(result.finalLoss(), within(0.01));
        }
      }
    }
    assertThat(StudySummary.csv(folder).lines().findFirst()).hasValueSatisfying(
        header -> assertThat(header).contains(",final_val_loss,int8_val_loss,"));
  }
}
