package norma.train.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import norma.train.files.Disk;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsLogTest {
  private static final List<Event> EVENTS = List.of(new Event.Start(0, Map.of("config", "config.yaml")),
      new Event.Step(10, 7680, 3.211234567890123, 1e-4, 0.9, 12.812, 60000, 0.211),
      new Event.Eval(250, 2.5, 2.6, 3.75, 0),
      new Event.Norm(250,
          List.of(
              new Event.Slot("final", "derf", Map.of("shift", -0.1, "alpha", 0.5), 0.5, 0.5, 0.1, 2, 9, 3, 1e-4, 0.7,
                  1.5, 0.02, 3e-3),
              new Event.Slot("blocks.0.attn.pre", "mine", Map.of("gamma", 2.0), Double.NaN, 0.5, Double.NaN, 2, 9, 3, 0,
                  0.7, 1.5,
                  0.02, Double.NaN)),
          7, 4.2, 1e-3),
      new Event.Layers(250,
          List.of(new Event.Layer("blocks.0.attn", 1.5, 2.5, 190000, 100),
              new Event.Layer("optimizer", 1.5, 0, 190000, Double.NaN))),
      new Event.Sample(500, "It was \"</script>\"\n\uD83D\uDE00"), new Event.Diverged(600, "blocks.2.mlp"),
      new Event.End(600, "diverged", Double.NaN, 0, 0, Double.NaN),
      new Event.Rollback(500, 600, "blocks.2.mlp", 1, 0.5));

  @Test
  void everyEventReadsBackEqual(@TempDir Path folder) throws Exception {
    MetricsLog log = new MetricsLog(folder, Disk.real(), warning -> {}, RunView.NONE);
    for (int i = 0; i < EVENTS.size(); i++) {
      log.append(EVENTS.get(i));
      assertThat(Files.readAllLines(folder.resolve(Metrics.FILE))).as("on the disk at once").hasSize(i + 1);
    }
    assertThat(Metrics.read(folder).events()).isEqualTo(EVENTS);
  }

  @Test
  void theLinesAreTheContractsOwn() {
    assertThat(Metrics.line(EVENTS.get(1))).isEqualTo("{\"event\":\"step\",\"step\":10,\"tokens\":7680,"
        + "\"loss\":3.211234567890123,\"lr\":1.0E-4,\"grad_norm\":0.9,\"step_ms\":12.812,\"tokens_per_s\":60000.0,"
        + "\"elapsed_s\":0.211}");
    assertThat(Metrics.line(EVENTS.get(3))).contains(
        "\"alpha\":0.5,\"shift\":-0.1,\"squash_slope\":0.5,\"inv_std\":0.5,\"saturation\":0.1",
        "\"gamma\":2.0,\"inv_std\":0.5,\"in_rms\":2.0",
        "\"in_kurtosis\":3.0,\"in_outliers\":1.0E-4,\"out_rms\":0.7,\"out_absmax\":1.5,\"out_grad_rms\":0.02,"
            + "\"update_ratio\":0.003}",
        "\"max_attention_logit\":7.0,\"log_z\":4.2,\"update_ratio\":0.001}");
    assertThat(Metrics.line(EVENTS.get(7))).contains("\"best_val_loss\":null", "\"final_val_loss\":null");
  }

  @Test
  void whatIsCutOffIsKeptBesideAndAHalfWrittenLineIsOverwritten(@TempDir Path folder) throws Exception {
    List<String> warnings = new ArrayList<>();
    MetricsLog log = new MetricsLog(folder, Disk.real(), warnings::add, RunView.NONE);
    log.append(EVENTS.get(1));
    long length = log.length();
    log.append(EVENTS.get(2));
    Files.writeString(folder.resolve(Metrics.FILE), "{\"half", StandardOpenOption.APPEND);
    log.append(EVENTS.get(5));
    assertThat(Metrics.read(folder).events()).isEqualTo(List.of(EVENTS.get(1), EVENTS.get(2), EVENTS.get(5)));
    log.cut(length, "a test");
    log.append(EVENTS.get(6));
    assertThat(Metrics.read(folder).events()).isEqualTo(List.of(EVENTS.get(1), EVENTS.get(6)));
    assertThat(folder.resolve("metrics.discarded.jsonl")).content()
        .isEqualTo("{\"event\":\"cut\",\"reason\":\"a test\"}\n" + Metrics.line(EVENTS.get(2)) + "\n"
            + Metrics.line(EVENTS.get(5)) + "\n");
    assertThat(warnings).isEmpty();
  }

  /// A hole of three gigabytes takes no room on the disk. What is cut off is copied in pieces.
  @Test
  void aLogBeyondTwoGigabytesIsCutAsWell(@TempDir Path folder) throws Exception {
    Path file = folder.resolve(Metrics.FILE);
    long kept = (3L << 30) + 1;
    String cut = "x".repeat(5 << 18) + "\n{\"half";
    Disk.real().writeEnd(file, kept - 1, ("\n" + cut).getBytes(StandardCharsets.UTF_8));
    Files.writeString(folder.resolve("metrics.discarded.jsonl"), "{\"event\":\"before\"}\n{\"torn");
    List<String> warnings = new ArrayList<>();
    new MetricsLog(folder, Disk.real(), warnings::add, RunView.NONE).cut(kept, "a test");
    assertThat(Files.size(file)).isEqualTo(kept);
    assertThat(folder.resolve("metrics.discarded.jsonl")).content()
        .isEqualTo("{\"event\":\"before\"}\n{\"event\":\"cut\",\"reason\":\"a test\"}\n" + cut + "\n");
    assertThat(warnings).singleElement().asString().contains("was cut off in the middle of writing");
  }

  @Test
  void whyItCannotBeWrittenIsSaidOnceInWords(@TempDir Path folder) throws Exception {
    List<String> warnings = new ArrayList<>();
    MetricsLog log = new MetricsLog(folder.resolve("gone"), Disk.real(), warnings::add, RunView.NONE);
    log.append(EVENTS.get(1));
    log.append(EVENTS.get(2));
    assertThat(warnings).singleElement().asString().contains("metrics.jsonl: no such file", "waits in memory");
  }

  @Test
  void aLogThatLostLinesGoesOnAndSaysSo(@TempDir Path folder) throws Exception {
    List<String> warnings = new ArrayList<>();
    MetricsLog log = new MetricsLog(folder, Disk.real(), warnings::add, RunView.NONE);
    log.append(EVENTS.get(1));
    Files.delete(folder.resolve(Metrics.FILE));
    log.append(EVENTS.get(2));
    assertThat(Metrics.read(folder).events()).isEqualTo(List.of(EVENTS.get(2)));
    assertThat(warnings).singleElement().asString().contains("has lost its end");
  }
}
