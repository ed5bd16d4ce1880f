package norma.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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
    return Files.readAllLines(folder.resolve("studies/tiny/results.csv")).stream().map(line -> {
      List<String> fields = new ArrayList<>(List.of(line.split(",", -1)));
      fields.subList(12, 15).clear(); // seconds, speed, folder
      return String.join(",", fields);
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
