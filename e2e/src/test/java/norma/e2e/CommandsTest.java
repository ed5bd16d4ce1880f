package norma.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import norma.train.cli.Outcome;
import norma.train.files.Tree;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Every command, on a run of the launcher and on one of this JVM with the same settings.
class CommandsTest {
  private static final String[] TINY = { "train", "configs/tiny.yaml", "data.val_fraction=0.02", "model.norm.all=dyt" };

  @TempDir
  private static Path folder;
  private static Launcher trained = new Launcher(-1, "", "");
  private static Path run = Path.of("");
  private static Path again = Path.of("");

  @BeforeAll
  static void train() throws Exception {
    trained = Launcher.run(folder, TINY);
    run = Tree.list(folder.resolve("runs")).getFirst();
    again = Path.of(printed(Outcome.ok(TINY), "norma sample (\\S+)"));
  }

  @Test
  void trainPrintsPlainLinesInAPipeAndNothingToStandardError() {
    assertThat(trained.err()).isEmpty();
    assertThat(trained.code()).isZero();
    assertThat(trained.out())
        .contains("norma 0.1.0  train  ", "norm dyt", "parameters", "backend  ", "step 1/20  loss",
            "eval step 20", "completed at step 20", "report.html", "norma sample runs")
        .doesNotContain("\r", "\u001B");
    assertThat(run.resolve("report.html")).exists();
  }

  @Test
  void evalPrintsTheLossThatTheRunLogged() throws Exception {
    String metrics = Files.readString(run.resolve("metrics.jsonl"));
    String loss = metrics.substring(metrics.indexOf("\"final_val_loss\":") + 17, metrics.lastIndexOf('}'));
    assertThat(Outcome.ok("eval", run.toString()))
        .contains("validation loss " + String.format(java.util.Locale.ROOT, "%.6f", Double.valueOf(loss)));
  }

  @Test
  void lastIsTheNewestRunOfTheWorkingDirectory() {
    assertThat(Outcome.ok("sample", "last", "--tokens", "20", "--seed", "4"))
        .isEqualTo(Outcome.ok("sample", again.toString(), "--tokens", "20", "--seed", "4"));
    assertThat(Outcome.ok("eval", "last")).contains(again.toString());
  }

  @Test
  void compareFindsNoDifferenceBetweenTwoRunsOfOneConfiguration() {
    assertThat(Outcome.ok("compare", run.toString(), again.toString())).contains("the same configuration",
        "identical losses at all 5 logged steps");
    assertThat(folder.resolve("runs/compare.html")).content().contains("<svg", "identical losses at all 5");
  }

  @Test
  void reportBuildsThePageAgain() throws Exception {
    byte[] before = Files.readAllBytes(again.resolve("report.html"));
    Files.delete(again.resolve("report.html"));
    Outcome.ok("report", again.toString());
    assertThat(Files.readAllBytes(again.resolve("report.html"))).isEqualTo(before);
  }

  /// With one thread, since its seconds are those that warming up and the peaks take.
  @Test
  void profileShowsEveryLayerAndLeavesWhatOtherToolsOpen() {
    Outcome profile = Outcome.of("profile", "configs/tiny.yaml", "runtime.threads=1", "--steps", "3");
    assertThat(profile.err()).isEmpty();
    assertThat(profile.code()).isZero();
    assertThat(profile.out()).contains("peaks ", "step ", "watched ", "tok_emb ", "blocks.0.attn.attention ",
        "blocks.1.mlp.gelu ", "optimizer ", "waiting ", "other ", "layers and phases ", "memory ", "output   profiles");
    assertThat(Path.of(printed(profile.out(), "output   (profiles/[^:]+)")))
        .isDirectoryContaining("glob:**profile.json").isDirectoryContaining("glob:**layers.csv")
        .isDirectoryContaining("glob:**trace.json").isDirectoryContaining("glob:**report.html");
    Outcome.of("profile", "--steps", "2").refused(2, "norma: --steps is 2; expected 3 to 100000\n");
  }

  private static String printed(String out, String pattern) {
    Matcher matcher = Pattern.compile(pattern).matcher(out);
    assertThat(matcher.find()).as(out).isTrue();
    return matcher.group(1);
  }

  @Test
  void terminationThatCannotWriteItsCheckpointIsAnErrorAndNotCode130() throws Exception {
    Path own = Files.createDirectory(folder.resolve("no-checkpoint"));
    Process process = Launcher.start(own, Map.of(), List.of(Launcher.HOME.resolve("norma").toString(), "train",
        "configs/tiny.yaml", "model.layers=1", "model.width=16", "model.context=16", "train.batch=2",
        "data.val_fraction=0.02", "train.steps=1000000", "train.eval_every=0", "train.checkpoint_every=0",
        "train.layers_every=0", "train.norm_every=0"));
    try {
      while (!Files.readString(own.resolve("out.txt")).contains("step 1/") && process.isAlive()) {
        Thread.sleep(100);
      }
      Files.writeString(Tree.list(own.resolve("runs")).getFirst().resolve("checkpoints"), "a file in the way");
      process.destroy();
      assertThat(process.waitFor()).isEqualTo(3);
      assertThat(Launcher.err(own).lines().toList()).hasSize(1).first().asString()
          .contains("checkpoints", "a file with this name is in the way");
    } finally {
      Launcher.end(process);
    }
  }
}
