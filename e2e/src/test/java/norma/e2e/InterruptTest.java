package norma.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import norma.train.cli.Outcome;
import norma.train.files.Tree;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Signals to the real process, and what a second process is told.
class InterruptTest {
  /// Saving it takes some tenths of a second: 3 million parameters.
  private static final List<String> LARGE = List.of("configs/tiny.yaml", "data.val_fraction=0.001", "model.layers=4",
      "model.width=256", "train.steps=100000", "train.batch=1", "train.eval_every=0", "train.layers_every=0",
      "train.norm_every=0", "train.checkpoint_every=0", "train.log_every=1");

  @TempDir
  private Path folder;

  private Process start(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(Launcher.HOME.resolve("norma").toString(), "train"));
    command.addAll(List.of(arguments));
    return Launcher.start(folder, Map.of(), command);
  }

  private Path run() throws IOException {
    return Tree.list(folder.resolve("runs")).getFirst();
  }

  private void awaitSteps(Process process) throws Exception {
    while (process.isAlive() && !logged()) {
      Thread.sleep(10);
    }
    assertThat(process.isAlive()).as(Files.readString(folder.resolve("err.txt"))).isTrue();
  }

  private boolean logged() throws IOException {
    Path log = Tree.list(folder.resolve("runs")).stream().findFirst().orElse(folder).resolve("metrics.jsonl");
    return Files.exists(log) && Files.readString(log).contains("\"step\":2,");
  }

  private static void signal(Process process, String name) throws Exception {
    assertThat(new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor()).isZero();
  }

  /// As in a job that a script has put in the background: the JVM then leaves the signal ignored, and the test would wait for ever.
  private static boolean interruptIsIgnored() throws IOException {
    String ignored = Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("SigIgn:"))
        .findFirst().orElseThrow().substring("SigIgn:".length()).strip();
    return (Long.parseUnsignedLong(ignored, 16) & 0b10) != 0; // SIGINT is 2
  }

  @Test
  void watchingShowsItsAddressAndEndsInGoodOrder() throws Exception {
    Process process = Launcher.start(folder, Map.of(), List.of(Launcher.HOME.resolve("norma").toString(), "watch"));
    try {
      while (process.isAlive() && !Files.readString(folder.resolve("out.txt")).endsWith("\n")) {
        Thread.sleep(10);
      }
      String url = Files.readString(folder.resolve("out.txt")).strip().replaceFirst("watch +", "");
      try (InputStream page = URI.create(url).toURL().openStream()) {
        assertThat(new String(page.readAllBytes(), StandardCharsets.UTF_8)).contains("<h1>Runs and studies</h1>");
      }
      signal(process, "TERM");
      assertThat(process.waitFor()).isZero();
      assertThat(Files.readString(folder.resolve("err.txt"))).isEmpty();
    } finally {
      Launcher.end(process);
    }
  }

  @Test
  void aSignalEndsWithACheckpointASecondOneAtOnceAndTheRunGoesOnAfterBoth() throws Exception {
    Assumptions.assumeFalse(interruptIsIgnored(), "SIGINT is ignored here");
    Process process = start(LARGE.toArray(String[]::new));
    try {
      awaitSteps(process);
      Path run = run();
      Outcome second = Outcome.of("train", "--resume", run.toString());
      assertThat(second.code()).isEqualTo(3);
      assertThat(second.err()).hasLineCount(1).contains(run + " is being trained by another process (" + process.pid());

      signal(process, "TERM");
      assertThat(process.waitFor()).isEqualTo(130);
      assertThat(Files.readString(folder.resolve("err.txt"))).isEmpty();
      assertThat(Files.readString(folder.resolve("out.txt"))).contains("interrupted at step",
          "norma train --resume runs/" + run.getFileName());
      long first = checkpoints(run);
      assertThat(first).isEqualTo(1);

      process = start("--resume", run.toString());
      long before = Files.size(run.resolve("metrics.jsonl"));
      while (process.isAlive() && Files.size(run.resolve("metrics.jsonl")) <= before) {
        Thread.sleep(10);
      }
      signal(process, "INT");
      while (process.isAlive() && !writing(run)) {
        Thread.sleep(1);
      }
      signal(process, "INT"); // in the middle of the save
      assertThat(process.waitFor()).isEqualTo(137);
      assertThat(Launcher.err(folder)).startsWith("norma: interrupted again: ended at once").hasLineCount(1);
      assertThat(writing(run)).as("the save was cut off").isTrue();
    } finally {
      Launcher.end(process);
    }
    Path run = run();
    int step = Integer.parseInt(Files.readString(folder.resolve("out.txt")).lines()
        .filter(line -> line.startsWith("resumed")).findFirst().orElseThrow().replaceAll("\\D*(\\d+).*", "$1"));
    Outcome done = Outcome.of("train", "--resume", run.toString(), "train.steps=" + (step + 2));
    assertThat(done.code()).as(done.err()).isZero();
    assertThat(done.out()).contains("resumed  after step " + step, "completed at step " + (step + 2));
    assertThat(writing(run)).isFalse();
  }

  /// A study's worker hears of Ctrl-C from the terminal, and a moment later of a termination from the study's process.
  @Test
  void aTerminationFromTheParentIsNoSecondSignal() throws Exception {
    Assumptions.assumeFalse(interruptIsIgnored(), "SIGINT is ignored here");
    Files.writeString(folder.resolve("x.yaml"), "base: " + Launcher.HOME.resolve(LARGE.getFirst())
        + "\nbaseline: a\nvariants: {a: {}}\nseeds: 1\n");
    List<String> command = new ArrayList<>(List.of(Launcher.HOME.resolve("norma").toString(), "study", "x.yaml"));
    command.addAll(LARGE.subList(1, LARGE.size()));
    command.addAll(List.of("--cell", "0", "--with-parent"));
    Process process = Launcher.start(folder, Map.of(), command);
    try {
      Path run = folder;
      while (process.isAlive() && run.equals(folder)) {
        Thread.sleep(10);
        try (Stream<Path> files = Files.walk(folder)) {
          run = files.filter(file -> file.endsWith("metrics.jsonl")).findFirst().map(Path::getParent).orElse(folder);
        }
      }
      while (process.isAlive() && !Files.readString(run.resolve("metrics.jsonl")).contains("\"step\":2,")) {
        Thread.sleep(10);
      }
      signal(process, "INT");
      while (process.isAlive() && !writing(run)) {
        Thread.sleep(1);
      }
      signal(process, "TERM");
      assertThat(process.waitFor()).as(Launcher.err(folder)).isEqualTo(130);
      assertThat(checkpoints(run)).isEqualTo(1);
    } finally {
      Launcher.end(process);
    }
  }

  private static long checkpoints(Path run) throws IOException {
    return Tree.list(run.resolve("checkpoints")).stream().filter(path -> Files.exists(path.resolve("manifest.json")))
        .count();
  }

  private static boolean writing(Path run) throws IOException {
    return Tree.list(run.resolve("checkpoints")).stream()
        .anyMatch(path -> path.getFileName().toString().startsWith(".writing-"));
  }
}
