package norma.train.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import norma.train.files.ProcessLock;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What `norma ls` shows, what a name stands for, and what `norma rm` removes.
class StoredWorkTest {
  @TempDir
  private Path folder;

  private Path runs;

  @BeforeEach
  void writeRuns() throws Exception {
    runs = folder.toRealPath().resolve("runs");
    run("char-20260101-120000", "layernorm", 1, true);
    run("char-20260101-120001", "dyt", 2, true);
    run("other-20260101-120002", "layernorm", 3, false);
  }

  private void run(String name, String norm, int seconds, boolean whole) throws Exception {
    Path run = Files.createDirectories(runs.resolve(name));
    Files.writeString(run.resolve("config.yaml"), "train: {steps: 20}\nmodel: {norm: {all: " + norm + "}}\n");
    Files.writeString(run.resolve("environment.json"), "{}");
    Path log = Files.writeString(run.resolve("metrics.jsonl"), (whole ? "" : "nonsense\n")
        + "{\"event\":\"step\",\"step\":20,\"tokens\":400,\"loss\":2.5,\"lr\":0.001,\"grad_norm\":1,\"step_ms\":2.5,"
        + "\"tokens_per_s\":12345,\"elapsed_s\":1}\n"
        + "{\"event\":\"eval\",\"step\":20,\"train_loss\":2.5,\"val_loss\":2.25,\"val_bits\":3}\n"
        + "{\"event\":\"end\",\"step\":20,\"reason\":\"completed\",\"best_val_loss\":2.25,\"best_step\":20,"
        + "\"final_val_loss\":2.25}\n");
    Files.setLastModifiedTime(log, FileTime.fromMillis(seconds * 1000L));
  }

  @Test
  void theListHasStateLossAndDifferencesAndSaysWhatIsDamaged() throws Exception {
    Files.createDirectories(runs.resolve("gone-20260101-120003"));
    Files.createDirectories(runs.resolve("notes"));
    String list = Outcome.ok("ls", runs.toString());
    assertThat(list.lines()).hasSize(5);
    assertThat(list.lines().findFirst().orElse("")).as("what the others are held against")
        .endsWith("differs from " + runs.resolve("char-20260101-120000") + " in");
    assertThat(list).containsPattern("char-20260101-120000 +completed +2.2500 +20/20 +12,345 .* d\n")
        .containsPattern("120001 +completed .* model.norm.all=dyt\n")
        .containsPattern("120002 +damaged .*metrics.jsonl, line 1: ")
        .containsPattern("gone-20260101-120003 +damaged .*it has no config.yaml");
  }

  @Test
  void anEstimateIsCalledOne() throws Exception {
    Path log = runs.resolve("char-20260101-120001/metrics.jsonl");
    Files.writeString(log, Files.readString(log).replace("\"val_bits\":3}", "\"val_bits\":3,\"val_tokens\":4000}"));
    assertThat(Outcome.ok("ls", runs.toString()))
        .containsPattern("120001 +completed +2.2500 \\(estimate\\) +20/20")
        .containsPattern("120000 +completed +2.2500 +20/20");
  }

  @Test
  void whatIsADefaultIsNoDifferenceAndAFormulaOfSeveralSlotsStandsOnce() throws Exception {
    Files.writeString(runs.resolve("char-20260101-120000/config.yaml"),
        "train: {steps: 20}\nmodel: {norm: {all: layernorm, final: layernorm}}\n");
    Path third = Files.createDirectories(runs.resolve("formula-20260101-120005"));
    for (String name : List.of("environment.json", "metrics.jsonl")) {
      Files.copy(runs.resolve("char-20260101-120000").resolve(name), third.resolve(name));
    }
    Files.writeString(third.resolve("config.yaml"),
        "train: {steps: 20}\nmodel: {norm: {all: {y: \"weight * atan(x)\"}, "
            + "final: layernorm}}\n");
    String list = Outcome.ok("ls", runs.toString());
    assertThat(list).containsPattern("120000 +completed +2.2500 +20/20 +12,345 +\\S+ \\S+ +\\d+ d *\n")
        .containsPattern("120001 .* model.norm.all=dyt\n")
        .containsPattern("120005 .* model.norm.attn.pre,mlp.pre=\\{y: \"weight \\* atan\\(x\\)\"}\n");
  }

  /// The script as bash runs it at Tab.
  @ParameterizedTest
  @CsvSource({ "norma sample oth, other-20260101-120002", "norma train --resume oth, other-20260101-120002",
      "norma rm --yes las, last", "norma eval --prompt oth, ''", "norma export oth, other-20260101-120002",
      "norma sample --top, --top-k",
      "norma rm study, study-1" })
  void tabCompletesNamesOfRunsAndStudies(String words, String completed) throws Exception {
    Files.createDirectories(folder.resolve("studies/study-1"));
    Files.writeString(folder.resolve("studies/study-1/study.json"), "{}");
    Path script = Files.writeString(folder.resolve("complete"), Outcome.ok("completion", "bash")
        + "\nCOMP_WORDS=(" + words
        + ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_norma_names 2>/dev/null\necho ${COMPREPLY[@]}\n");
    Process bash = new ProcessBuilder("bash", script.toString()).directory(folder.toFile()).start();
    assertThat(new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip()).isEqualTo(completed);
  }

  /// It reads bash's.
  @Test
  void zshHasTheSameScript() {
    assertThat(Outcome.ok("completion", "zsh")).startsWith("# Completes norma in zsh.\n")
        .isEqualTo(Outcome.ok("completion", "bash").replaceFirst("bash", "zsh"));
  }

  @Test
  void aNameIsTheNewestOrTheOneThatBeginsSo() {
    assertThat(StoredWork.run(runs.resolve("last"))).isEqualTo(runs.resolve("other-20260101-120002"));
    assertThat(StoredWork.run(runs.resolve("oth"))).isEqualTo(runs.resolve("other-20260101-120002"));
    assertThat(StoredWork.run(runs.resolve("nothing"))).isEqualTo(runs.resolve("nothing"));
    assertThatThrownBy(() -> StoredWork.run(runs.resolve("char"))).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("char is the beginning of 2 names", "char-20260101-120000", "char-20260101-120001");
  }

  @Test
  void aRunIsRemovedWhereThatWasAgreedTo() throws Exception {
    Path going = runs.resolve("char-20260101-120000");
    Outcome asks = Outcome.of("rm", going.toString());
    assertThat(asks.code()).isEqualTo(2);
    assertThat(asks.out()).contains("run    " + going);
    assertThat(asks.err()).contains("--yes");
    assertThat(going).exists();
    assertThat(Outcome.ok("rm", "--yes", going.toString(), runs + "/./" + going.getFileName(),
        runs.resolve("oth").toString())).containsPattern("removed  \\d").containsOnlyOnce("char-20260101-120000");
    assertThat(runs).isDirectoryNotContaining(path -> !path.endsWith("char-20260101-120001"));
  }

  @Test
  void whatIsNoRunOrIsUsedOrLiesBehindALinkStays() throws Exception {
    Path notes = Files.createDirectories(runs.resolve("notes"));
    refused(notes, "is neither a run's folder nor a study's");
    refused(runs, "is neither a run's folder nor a study's");
    Path link = Files.createSymbolicLink(folder.resolve("link"), runs);
    refused(link.resolve("char-20260101-120000"), "symbolic link");
    Path direct = Files.createSymbolicLink(runs.resolve("direct"), runs.resolve("char-20260101-120000"));
    refused(direct, "symbolic link");
    Path used = runs.resolve("char-20260101-120001");
    ProcessLock lock = ProcessLock.take(used.resolve("lock"));
    assertThat(lock).isNotNull();
    try (lock) {
      refused(used, "is in use by process " + ProcessHandle.current().pid());
    }
    Files.createDirectories(folder.resolve("study/runs"));
    Files.writeString(folder.resolve("study/study.json"), "{}");
    Path cell = Files.move(used, folder.resolve("study/runs/a"));
    refused(cell, "is a run of the study");
  }

  @Test
  void aLinkInARunIsRemovedAndWhatItLeadsToStays() throws Exception {
    Path kept = Files.writeString(Files.createDirectories(folder.resolve("kept")).resolve("file"), "text");
    Path run = runs.resolve("char-20260101-120000");
    Files.createSymbolicLink(run.resolve("link"), kept.getParent());
    Outcome.ok("rm", "--yes", run + "/."); // as from within it
    assertThat(run).doesNotExist();
    assertThat(kept).hasContent("text");
  }

  private static void refused(Path path, String why) {
    Outcome.of("rm", "--yes", path.toString()).refused(3, why);
    assertThat(path).exists();
  }
}
