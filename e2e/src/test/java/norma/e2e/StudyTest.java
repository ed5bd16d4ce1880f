package norma.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StudyTest {
  @TempDir
  Path temp;

  private Path folder(String name) throws IOException {
    Path folder = Files.createDirectory(temp.resolve(name));
    Files.writeString(folder.resolve("tiny.yaml"), """
        title: Tiny
        base:
          model: {layers: 1, heads: 2, width: 16, context: 16}
          optim: {warmup_steps: 5}
          train: {steps: 60, batch: 4, eval_every: 60, eval_batches: 1, layers_every: 0, checkpoint_every: 0}
        baseline: layernorm
        variants:
          layernorm: {}
          dyt: {model.norm.all: dyt}
        seeds: 2
        """);
    return folder;
  }

  /// Best losses by variant and seed.
  private static List<String> losses(Path folder) throws IOException {
    List<String> lines = Files.readAllLines(folder.resolve("studies/tiny/results.csv"));
    List<String> names = List.of(lines.getFirst().split(",", -1));
    Set<String> differing = Set.of("seconds", "tokens_per_s", "peak_rss_mib", "seconds_to_baseline", "folder");
    return lines.stream().map(line -> {
      String[] fields = line.split(",", -1);
      return IntStream.range(0, names.size()).filter(i -> !differing.contains(names.get(i))).mapToObj(i -> fields[i])
          .collect(Collectors.joining(","));
    }).toList();
  }

  @Test
  void aStudyWhoseWorkersAreKilledFindsWhatAnUndisturbedOneFinds() throws Exception {
    Path undisturbed = folder("undisturbed");
    Launcher plan = Launcher.run(undisturbed, "study", "tiny.yaml", "--plan", "--jobs", "2");
    assertThat(plan.code()).as(plan.err()).isZero();
    assertThat(plan.out()).contains("4 of 4 are left: 2 variants, 2 seeds", "too few seeds to tell anything apart");
    Launcher done = Launcher.run(undisturbed, "study", "tiny.yaml", "--jobs", "1");
    assertThat(done.code()).as(done.err()).isZero();
    assertThat(done.out()).contains("4/4", "too few seeds to tell", "report   studies/tiny/report.html");
    assertThat(losses(undisturbed)).hasSize(5);
    Path page = undisturbed.resolve("studies/tiny/report.html");
    String before = Files.readString(page);
    Files.delete(page);
    Launcher report = Launcher.run(undisturbed, "report", "studies/tiny");
    assertThat(report.code()).as(report.err()).isZero();
    assertThat(page).hasContent(before);

    Path killed = folder("killed");
    Process process = Launcher.start(killed, Map.of(),
        List.of(Launcher.HOME.resolve("norma").toString(), "study", "tiny.yaml", "--jobs", "2"));
    try {
      Path leases = killed.resolve("studies/tiny/leases");
      while (process.isAlive() && !(Files.isDirectory(leases) && leased(leases))) {
        Thread.sleep(20);
      }
      process.descendants().forEach(ProcessHandle::destroyForcibly); // in the middle of their first runs
      assertThat(process.waitFor()).as(Files.readString(killed.resolve("err.txt"))).isZero();
    } finally {
      Launcher.end(process);
    }
    assertThat(losses(killed)).isEqualTo(losses(undisturbed));

    Launcher again = Launcher.run(killed, "study", "tiny.yaml", "--status");
    assertThat(again.out()).contains("layernorm", "baseline");
  }

  /// The plan measures, the run and its workers use what it has found.
  @Test
  void aBudgetOfSecondsIsMeasuredOnceForAllStarts() throws Exception {
    Path folder = folder("seconds");
    Files.writeString(folder.resolve("tiny.yaml"), "budget: {seconds: 0.5}\n", StandardOpenOption.APPEND);
    Launcher status = Launcher.run(folder, "study", "tiny.yaml", "--status");
    assertThat(status.out()).as(status.err()).contains("Not finished: 0 of 4 runs");
    Path calibration = folder.resolve("studies/tiny/calibration.json");
    assertThat(calibration).doesNotExist();
    Launcher plan = Launcher.run(folder, "study", "tiny.yaml", "--plan", "--jobs", "2");
    assertThat(plan.out()).as(plan.err()).contains("measuring a training step of 2 variants, once", "steps    ");
    String measured = Files.readString(calibration);
    Launcher run = Launcher.run(folder, "study", "tiny.yaml", "--jobs", "2");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out()).doesNotContain("measuring").contains("4/4");
    assertThat(calibration).hasContent(measured);
    List<String> names = List.of(losses(folder).getFirst().split(",", -1));
    Set<String> steps = losses(folder).stream().skip(1).map(line -> List.of(line.split(",", -1)))
        .map(row -> row.get(names.indexOf("variant")) + " " + row.get(names.indexOf("steps")))
        .collect(Collectors.toSet());
    assertThat(steps).as("the same for both seeds").hasSize(2);
  }

  private static boolean leased(Path leases) throws IOException {
    try (Stream<Path> files = Files.list(leases)) {
      return files.findAny().isPresent();
    }
  }

  @Test
  void whatIsWrongInAVariantIsOneLineBeforeAnythingRuns() throws Exception {
    Path folder = folder("wrong");
    Path file = folder.resolve("tiny.yaml");
    Files.writeString(file, Files.readString(file).replace("model.norm.all: dyt", "model.norms.all: dyt"));
    Launcher run = Launcher.run(folder, "study", "tiny.yaml");
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).isEqualTo("norma: tiny.yaml:9: model.norms: unknown key; did you mean model.norm? "
        + "Valid keys here: " + run.err().substring(run.err().indexOf("here: ") + 6));
    assertThat(folder.resolve("studies")).doesNotExist();
  }
}
