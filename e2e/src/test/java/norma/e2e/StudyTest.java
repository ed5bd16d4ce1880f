package norma.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import norma.train.cli.Outcome;
import norma.train.files.Tree;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StudyTest {
  @TempDir
  Path temp;

  /// A study of this name, of which nothing has been done.
  private Path study(String name) throws IOException {
    Tree.delete(results(name));
    return Files.writeString(temp.resolve(name + ".yaml"), """
        title: Tiny
        base:
          data: {corpus: "builtin:macbeth", val_fraction: 0.02}
          model: {layers: 1, heads: 2, width: 16, context: 16}
          optim: {warmup_steps: 5}
          train: {steps: 60, batch: 4, eval_every: 60, eval_batches: 1, layers_every: 0, checkpoint_every: 0}
        baseline: layernorm
        variants:
          layernorm: {}
          dyt: {model.norm.all: dyt}
        seeds: 2
        """);
  }

  private static Path results(String name) {
    return Path.of("studies", name);
  }

  private static List<String> losses(String name) throws IOException {
    return losses(results(name));
  }

  /// The rows of a study's table without its name, what the clock says, and where a run lies.
  static List<String> losses(Path study) throws IOException {
    List<String> lines = Files.readAllLines(study.resolve("results.csv"));
    List<String> names = List.of(lines.getFirst().split(",", -1));
    Set<String> differing = Set.of("study", "seconds", "tokens_per_s", "peak_rss_mib", "seconds_to_baseline", "folder");
    return lines.stream().map(line -> {
      List<String> fields = List.of(line.split(",(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", -1)); // commas outside of quotes
      return IntStream.range(0, names.size()).filter(i -> !differing.contains(names.get(i))).mapToObj(fields::get)
          .collect(Collectors.joining(","));
    }).toList();
  }

  @Test
  void aStudyWhoseProcessesAreKilledFindsWhatAnUndisturbedOneFinds() throws Exception {
    String killed = study("killed").toString(); // first: runs that an earlier build has left would be used
    String undisturbed = study("undisturbed").toString();
    work(undisturbed);
    assertThat(Outcome.of("study", undisturbed, "--gather").code()).isZero();
    assertThat(losses("undisturbed")).hasSize(5);
    Path page = results("undisturbed").resolve("report.html");
    String before = Files.readString(page);
    Files.delete(page);
    Outcome.ok("report", results("undisturbed").toString());
    assertThat(page).hasContent(before);

    List<String> undisturbedLosses = losses("undisturbed");
    Tree.delete(results("undisturbed")); // or its runs would be used
    Outcome.Running study = Outcome.start(List.of("study", killed, "--jobs", "1"));
    while (study.isAlive() && Tree.list(results("killed").resolve("locks")).isEmpty()) {
      Thread.sleep(20);
    }
    ProcessHandle.current().descendants().forEach(ProcessHandle::destroyForcibly); // in the middle of their first runs
    assertThat(study.outcome().code()).as(study.err()).isZero();
    assertThat(study.outcome().out()).contains("4/4", "dyt does not train in 60 steps.",
        "report   studies/killed/report.html");
    assertThat(losses("killed")).isEqualTo(undisturbedLosses);

    Outcome again = Outcome.of("study", killed, "--status");
    assertThat(again.out()).contains("layernorm", "baseline");
  }

  /// Trains all runs as a study's worker does, in this JVM.
  private static void work(String study) {
    long parent = ProcessHandle.current().parent().orElseThrow().pid();
    Outcome.ok("study", study, "--worker=1", "--parent=" + parent);
  }

  /// The plan measures, the run and its workers use what it has found.
  @Test
  void aBudgetOfSecondsIsMeasuredOnceForAllStarts() throws Exception {
    Path file = study("seconds");
    Files.writeString(file, Files.readString(file).replace("eval_every: 60", "eval_every: 100000")
        + "budget: {seconds: 0.1}\n");
    Outcome status = Outcome.of("study", file.toString(), "--status");
    assertThat(status.out()).as(status.err()).contains("Not finished: 0 of 4 runs");
    Path calibration = results("seconds").resolve("calibration.json");
    assertThat(calibration).doesNotExist();
    Outcome plan = Outcome.of("study", file.toString(), "--plan", "--jobs", "1");
    assertThat(plan.out()).as(plan.err()).contains("measuring a training step of 2 variants, once", "steps    ",
        "4 of 4 are left: 2 variants, 2 seeds", "too few seeds to tell anything apart",
        "curves   one point each, since train.eval_every (100,000) is more than the steps (");
    String measured = Files.readString(calibration);
    work(file.toString());
    Outcome run = Outcome.of("study", file.toString(), "--jobs", "1");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out()).doesNotContain("measuring").contains("runs     0 of 4 are left");
    assertThat(calibration).hasContent(measured);
    List<String> names = List.of(losses("seconds").getFirst().split(",", -1));
    Set<String> steps = losses("seconds").stream().skip(1).map(line -> List.of(line.split(",", -1)))
        .map(row -> row.get(names.indexOf("variant")) + " " + row.get(names.indexOf("steps")))
        .collect(Collectors.toSet());
    assertThat(steps).as("the same for both seeds").hasSize(2);
  }

  @Test
  void whatIsWrongInAVariantIsOneLineBeforeAnythingRuns() throws Exception {
    Path file = study("wrong");
    Files.writeString(file, Files.readString(file).replace("model.norm.all: dyt", "model.norms.all: dyt"));
    Outcome run = Outcome.of("study", file.toString());
    assertThat(run.code()).isEqualTo(2);
    assertThat(run.err()).isEqualTo("norma: " + file + ":10: model.norms: unknown key; did you mean model.norm? "
        + "Valid keys here: " + run.err().substring(run.err().indexOf("here: ") + 6));
    assertThat(results("wrong")).doesNotExist();
  }
}
