package norma.train.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import norma.train.files.ProcessLock;
import norma.train.run.Comparability;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The pages of runs that are watched.
class WatchedWorkTest {
  @TempDir
  private Path folder;

  @Test
  void runsHavePagesByTheirNamesAndNothingElseHas() throws Exception {
    Path outside = run(folder.resolve("secret"));
    Path runs = folder.resolve("runs");
    Path first = run(runs.resolve("a<b>"));
    Path second = run(runs.resolve("other"));
    WatchedWork work = new WatchedWork(List.of(runs));

    String overview = work.page(List.of(), "T0KEN").orElseThrow();
    assertThat(overview).contains("a&lt;b&gt;", "other", "token=T0KEN", "fetch(\"stamp\"").doesNotContain("a<b>",
        "secret");
    assertThat(work.page(List.of(first.toString()), "").orElseThrow()).contains("a&lt;b&gt;", "connect-src 'self'",
        "3.2100");
    assertThat(new WatchedWork(List.of(runs, first)).page(List.of(first.toString()), "").orElseThrow())
        .as("given twice").doesNotContain("Comparison");
    List<String> both = List.of(first.toString(), second.toString());
    assertThat(work.page(both, "").orElseThrow()).contains("Comparison", "other").doesNotContain("different texts");
    Files.writeString(second.resolve("environment.json"),
        "{\"" + Comparability.VALIDATION + "\": \"" + "ab".repeat(32) + "\"}");
    assertThat(work.page(both, "").orElseThrow()).contains("were validated on different texts", "SHA-256 abab");
    assertThat(work.page(List.of(outside.toString()), "")).isEmpty();
    assertThat(work.page(List.of(runs + "/../secret"), "")).isEmpty();
    assertThat(new WatchedWork(List.of(second)).page(List.of(), "").orElseThrow()).contains("<h1>other");
  }

  @Test
  void theStampChangesWithTheLog() throws Exception {
    Path run = run(folder.resolve("run"));
    WatchedWork work = new WatchedWork(List.of(folder));
    String overview = work.stamp(List.of());
    List<String> name = List.of(run.toString());
    String before = work.stamp(name);
    assertThat(work.stamp(name)).isEqualTo(before);
    try (ProcessLock lock = ProcessLock.take(run.resolve("lock"))) {
      assertThat(lock).isNotNull();
      assertThat(work.stamp(name)).as("somebody trains").isNotEqualTo(before);
    }
    assertThat(work.stamp(name)).as("nobody trains any more").isEqualTo(before);
    Files.writeString(run.resolve("metrics.jsonl"), Files.readString(run.resolve("metrics.jsonl")) + "{\"event\":");
    assertThat(work.stamp(List.of())).isNotEqualTo(overview);
    assertThat(work.stamp(name)).isNotEqualTo(before);
  }

  private static Path run(Path path) throws Exception {
    Files.createDirectories(path);
    Files.writeString(path.resolve("config.yaml"), "name: x\ntrain: {steps: 20}\n");
    Files.writeString(path.resolve("environment.json"), "{}");
    Files.writeString(path.resolve("metrics.jsonl"), """
        {"event":"start","step":0}
        {"event":"eval","step":10,"train_loss":3.3,"val_loss":3.21,"val_bits":4.6,"val_tokens":0}
        """);
    return path;
  }
}
