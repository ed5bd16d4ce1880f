package norma.train.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import norma.models.Slot;
import norma.train.config.Assignment;
import norma.train.config.ConfigException;
import norma.train.config.RunConfig;
import norma.train.run.RunException;
import norma.train.run.StepTimer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CalibrationTest {
  /// The base is the last, for the lines that messages name; its text is read at once.
  private static final String TWO = """
      baseline: a
      variants:
        a: {model.norm.all: layernorm}
        b: {model.norm.all: dyt}
      seeds: 2
      budget: {seconds: 10}
      base: {data: {corpus: "builtin:macbeth"}}
      """;

  @TempDir
  Path temp;

  private final List<String> notes = new ArrayList<>();
  private final AtomicInteger measured = new AtomicInteger();

  /// LayerNorm's steps take 20 ms, the others' 25.
  private Calibration calibration(int jobs) {
    return new Calibration.Measuring(temp.resolve("studies"), jobs, notes::add, (configs, threads) -> {
      measured.addAndGet(configs.size());
      return configs.stream().mapToDouble(c -> c.model().norm().of(Slot.FINAL).type().equals("layernorm") ? 20 : 25)
          .toArray();
    });
  }

  private Study read(String yaml, Calibration calibration, String... settings) throws IOException {
    Path file = Files.writeString(temp.resolve("x.yaml"), yaml);
    return StudyReader.read(file, Assignment.parse(List.of(settings)), calibration);
  }

  private static List<Integer> steps(Study study) {
    return study.variants().stream().flatMap(variant -> variant.candidates().stream())
        .map(candidate -> candidate.config().train().steps()).toList();
  }

  @Test
  void everyVariantGetsTheStepsThatTheSecondsPayFor() throws IOException {
    Study study = read(TWO, calibration(1));
    assertThat(steps(study)).containsExactly(500, 400);
    assertThat(study.steps()).isEqualTo("400 to 500 (optim.decay_steps 2,000)");
    assertThat(temp.resolve("studies/x/calibration.json")).content().contains("\"variant\" : \"b\"",
        "\"median_ms\" : 25.0", "\"threads\" : ", "\"cpu\" : ");
    assertThat(notes).containsExactly("measuring a training step of 2 variants, once; "
        + temp.resolve("studies/x/calibration.json") + " keeps it");
  }

  @Test
  void laterStartsAndWorkersReadWhatTheFirstHasMeasured() throws IOException {
    Study first = read(TWO, calibration(1));
    Calibration slower = new Calibration.Measuring(temp.resolve("studies"), 1, notes::add, (configs, threads) -> {
      throw new AssertionError("measured again");
    });
    assertThat(read(TWO, slower).hash()).isEqualTo(first.hash());
    assertThat(read(TWO, Calibration.known(temp.resolve("studies"))).hash()).isEqualTo(first.hash());
    assertThat(steps(read(TWO.replace("seconds: 10", "seconds: 1"), slower))).containsExactly(50, 40);
    assertThat(notes).hasSize(1);
  }

  @Test
  void ofSeveralThatStartAtOnceOneMeasures() throws Exception {
    List<Callable<String>> starts = new ArrayList<>();
    Path file = Files.writeString(temp.resolve("x.yaml"), TWO);
    for (int i = 0; i < 4; i++) {
      Calibration noisy = new Calibration.Measuring(temp.resolve("studies"), 1, note -> {},
          (configs, threads) -> {
            measured.incrementAndGet();
            return configs.stream().mapToDouble(c -> ThreadLocalRandom.current().nextDouble(10, 30)).toArray();
          });
      starts.add(() -> StudyReader.read(file, List.of(), noisy).hash());
    }
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<String> hashes = new ArrayList<>();
      for (Future<String> start : threads.invokeAll(starts)) {
        hashes.add(start.get());
      }
      assertThat(hashes).containsOnly(hashes.getFirst());
    }
    assertThat(measured).hasValue(1);
  }

  @Test
  void aNewVariantIsMeasuredAndTheOthersKeepTheirSteps() throws IOException {
    read(TWO, calibration(1));
    Study study = read(TWO.replace("seeds:", "  c: {model.norm.all: derf}\nseeds:"), calibration(1));
    assertThat(steps(study)).containsExactly(500, 400, 400);
    assertThat(measured).hasValue(3);
  }

  @Test
  void onlyWhatChangesTheTimeOfAStepIsMeasured() throws IOException {
    String tuned = TWO + "tune: {optim.lr: [1e-3, 2e-3], model.norm.all.eps: [1e-5, 1e-6]}\ntune_seeds: 1\n";
    Study study = read(
        tuned.replace("dyt", "rmsnorm").replace("seeds: 2",
            "  c: {model.norm.all: layernorm, optim.clip_norm: 0}\nseeds: 2"),
        calibration(1));
    assertThat(measured).as("a and c have the same steps").hasValue(2);
    assertThat(steps(study)).hasSize(12).containsOnly(500, 400);
    read(TWO + "tune: {model.layers: [1, 2]}\ntune_seeds: 1\nname: y\n", calibration(1));
    assertThat(measured).as("more FLOPs take a time of their own").hasValue(2 + 4);
  }

  @Test
  void withoutACalibrationAStudyKeepsItsBaseAndWritesNothing() throws IOException {
    assertThat(steps(read(TWO, Calibration.known(temp.resolve("studies"))))).containsExactly(2000, 2000);
    assertThat(temp.resolve("studies")).doesNotExist();
    Path file = temp.resolve("x.yaml");
    assertThatThrownBy(() -> StudyReader.read(file, List.of())).isInstanceOf(ConfigException.class)
        .hasMessage(file + ":6: budget.seconds: how many steps they are has to be measured; expected a Calibration");
  }

  @Test
  void tooFewSecondsAndOthersThatFixTheStepsAreRefused() {
    assertThatThrownBy(() -> read(TWO.replace("seconds: 10", "seconds: 0.021"), calibration(1)))
        .isInstanceOf(ConfigException.class)
        .hasMessageEndingWith("x.yaml:6: budget.seconds: 0.021 s are not one step of b, "
            + "which takes 0.02500 s; expected enough for a step and at most 999999999");
    assertThatThrownBy(() -> read(TWO, calibration(1), "train.steps=5")).isInstanceOf(ConfigException.class)
        .hasMessageContaining("train.steps=5 on the command line fixes train.steps, which budget decides");
    assertThatThrownBy(() -> read(TWO.replace("seconds: 10", "seconds: 0"), calibration(1)))
        .isInstanceOf(ConfigException.class).hasMessageContaining("x.yaml:6: budget.seconds: 0 is out of range");
    assertThatThrownBy(() -> read(TWO.replace("seconds: 10", "seconds: 1, steps: 3"), calibration(1)))
        .isInstanceOf(ConfigException.class).hasMessageContaining("budget: steps and seconds at once");
  }

  @Test
  void anotherMachineKeepsTheStepsAndCannotAddToThem() throws IOException {
    read(TWO, calibration(1));
    Path file = temp.resolve("studies/x/calibration.json");
    Files.writeString(file, Files.readString(file).replaceFirst("\"cpu\" : \".*?\"", "\"cpu\" : \"another\""));
    assertThat(steps(read(TWO, calibration(1)))).containsExactly(500, 400);
    assertThat(notes.getLast()).startsWith("steps stay as they were measured, on another machine or build;");
    assertThatThrownBy(() -> read(TWO.replace("dyt", "derf"), calibration(1))).isInstanceOf(RunException.class)
        .hasMessageContaining("calibration.json was measured on another machine or build, and 1 new variants");
    Files.writeString(file, "{\"steps\": [{\"id\": \"a\", \"median_ms\": 0}]}");
    assertThatThrownBy(() -> read(TWO, calibration(1))).isInstanceOf(RunException.class)
        .hasMessageContaining("calibration.json is damaged: median_ms is 0, expected a number above 0; delete it");
  }

  @Test
  void anotherNumberOfThreadsIsSaid() throws IOException {
    read(TWO, calibration(1));
    Path file = temp.resolve("studies/x/calibration.json");
    Files.writeString(file, Files.readString(file).replaceFirst("\"threads\" : .*,", "\"threads\" : 9,"));
    assertThat(steps(read(TWO, calibration(1)))).containsExactly(500, 400);
    assertThat(notes.getLast()).startsWith("steps stay as they were measured, with 9 threads a run, not ");
  }

  /// Four times the width is many times the work.
  @Test
  void stepsAreReallyTimed() throws IOException {
    Study study = read("""
        base:
          data: {corpus: "builtin:macbeth"}
          model: {layers: 1, heads: 1, width: 32, context: 16}
          train: {batch: 4}
        baseline: a
        variants: {a: {}, b: {model.width: 128, model.layers: 3}}
        seeds: 1
        """, calibration(1));
    List<RunConfig> configs = study.variants().stream().map(v -> v.candidates().getFirst().config()).toList();
    double[] millis = StepTimer.medians(configs, 1);
    assertThat(millis[0]).isPositive().isLessThan(millis[1] / 2); // a fiftieth of the work
  }
}
