package norma.train.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsTest {

  /// JSON written with single quotes.
  private static String json(String text) {
    return text.replace('\'', '"');
  }

  private static Metrics parse(String... lines) throws IOException {
    return Metrics.parse("metrics.jsonl", json(String.join("\n", lines) + "\n"));
  }

  @Test
  void everyEventOfTheContractIsRead() throws IOException {
    Metrics metrics = parse("{'event':'start','seed':1337,'name':'x'}",
        "{'event':'step','step':10,'tokens':7680,'loss':3.21,'lr':1e-4,'grad_norm':0.9,'step_ms':12.8,'tokens_per_s':60000,'elapsed_s':0.2}",
        "{'event':'eval','step':250,'train_loss':2.5,'val_loss':2.6,'val_bits':3.75}",
        "{'event':'norm','step':250,'slots':[{'slot':'final','type':'dyisru','beta':4,'squash_slope':0.5,'inv_std':0.5,'saturation':0.1,'in_rms':2,'in_absmax':9,'in_kurtosis':3,'in_outliers':1e-4,'out_rms':0.7,'out_absmax':1.5,'out_grad_rms':0.02,'update_ratio':3e-3}],'max_attention_logit':7,'log_z':4.2,'update_ratio':1e-3}",
        "{'event':'layers','step':250,'layers':[{'layer':'blocks.0.attn','forward_ms':1.5,'backward_ms':2.5,'tokens_per_s':190000,'gflops':100}]}",
        "{'event':'sample','step':500,'text':'It was'}", "{'event':'diverged','step':600,'first_bad':'blocks.2.mlp'}",
        "{'event':'end','step':600,'reason':'diverged','best_val_loss':2.6,'best_step':250,'final_val_loss':null}");
    assertThat(metrics.torn()).isFalse();
    assertThat(metrics.events()).containsExactly(new Event.Start(0, Map.of("seed", "1337", "name", "x")),
        new Event.Step(10, 7680, 3.21, 1e-4, 0.9, 12.8, 60000, 0.2), new Event.Eval(250, 2.5, 2.6, 3.75, 0),
        new Event.Norm(250,
            List.of(new Event.Slot("final", "dyisru", Map.of("beta", 4.0), 0.5, 0.5, 0.1, 2, 9, 3, 1e-4, 0.7, 1.5,
                0.02, 3e-3)),
            7, 4.2, 1e-3),
        new Event.Layers(250, List.of(new Event.Layer("blocks.0.attn", 1.5, 2.5, 190000, 100))),
        new Event.Sample(500, "It was"), new Event.Diverged(600, "blocks.2.mlp"),
        new Event.End(600, "diverged", 2.6, 250, 0, Double.NaN));
  }

  @Test
  void unknownEventsAndFieldsArePassedOverAndMissingNumbersAreNaN() throws IOException {
    Metrics metrics = parse("{'event':'coffee','cups':2}", "{'event':'step','step':1,'loss':null,'mood':'good'}");
    assertThat(metrics.events()).containsExactly(
        new Event.Step(1, 0, Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN));
  }

  @Test
  void theProbesOfAnEarlierVersionAreReadAndWhatTheyDidNotLookAtIsNaN() throws IOException {
    Metrics metrics = parse(
        "{'event':'norm','step':250,'slots':[{'slot':'final','type':'dyisru','beta':4,'inv_std':0.5,'saturation':0.1,'in_rms':2,'in_absmax':9,'in_kurtosis':3}],'max_attention_logit':7,'log_z':4.2}");
    double none = Double.NaN;
    assertThat(metrics.events()).containsExactly(new Event.Norm(250, List.of(
        new Event.Slot("final", "dyisru", Map.of("beta", 4.0), none, 0.5, 0.1, 2, 9, 3, none, none, none, none, none)),
        7,
        4.2, none));
  }

  @Test
  void aLastLineThatWasCutOffIsReportedAndLeftOut() throws IOException {
    Metrics metrics = Metrics.parse("m", json("{'event':'step','step':1,'loss':4}\n{'event':'step','st"));
    assertThat(metrics.torn()).isTrue();
    assertThat(metrics.events()).hasSize(1);
  }

  @Test
  void aWholeLastLineWithoutItsNewlineIsRead() throws IOException {
    Metrics metrics = Metrics.parse("m", json("{'event':'sample','step':1,'text':'a'}"));
    assertThat(metrics.torn()).isFalse();
    assertThat(metrics.events()).hasSize(1);
  }

  @Test
  void aBrokenLineIsNamedInOneLine() {
    assertThatThrownBy(() -> parse("{'event':'start'}", "{'event':'step',", "{'event':'start'}"))
        .isInstanceOf(IOException.class).hasMessageStartingWith("metrics.jsonl, line 2: ")
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
    assertThatThrownBy(() -> parse("{'event':'start'}", "{'event':'step',"))
        .as("a newline after it: not torn but broken").hasMessageStartingWith("metrics.jsonl, line 2: ");
  }

  @Test
  void aFieldOfTheWrongTypeIsNamedWithItsValue() {
    assertThatThrownBy(() -> parse("{'event':'step','step':1,'loss':'low'}"))
        .hasMessage("metrics.jsonl, line 1: 'loss' is \"low\", expected a number or null");
    assertThatThrownBy(() -> parse("{'event':'step','step':1.5}"))
        .hasMessage("metrics.jsonl, line 1: 'step' is 1.5, expected a whole number from 0");
    assertThatThrownBy(() -> parse("{'event':'sample','step':1}"))
        .hasMessage("metrics.jsonl, line 1: 'text' is missing, expected a string");
    assertThatThrownBy(() -> parse("17")).hasMessage("metrics.jsonl, line 1: expected a JSON object");
  }

  @Test
  void numbersThatNoRunHasAreNoNumbersAndStepsAreNotNegative() throws IOException {
    Event.Step step = parse("{'event':'step','step':1,'loss':1e101,'lr':-1e999,'grad_norm':1e100,'step_ms':1e-101}")
        .of(Event.Step.class).getFirst();
    assertThat(step).extracting(Event.Step::loss, Event.Step::lr, Event.Step::gradNorm, Event.Step::stepMillis)
        .containsExactly(Double.NaN, Double.NaN, 1e100, 0.0);
    assertThatThrownBy(() -> parse("{'event':'step','step':-1}"))
        .hasMessage("metrics.jsonl, line 1: 'step' is -1, expected a whole number from 0");
  }

  @Test
  void hostileLinesAreRefusedInOneShortLine() {
    for (String line : List.of("[".repeat(100_000), "{'a':1,'a':2}",
        "{'event':'step','step':" + "9".repeat(100_000) + "}",
        "{'event':'sample','step':1,'text':'" + "x".repeat(2_000_000) + "'}",
        "{'event':'step','step':1,'loss':'\u009b2J'}",
        "{'event':'step','step':1,'loss':'" + "x".repeat(100_000) + "'}", "\u001b]0;title\u0007",
        "{'event':'norm','step':1,'slots':{}}",
        "{'event':'norm','step':1,'slots':[[]]}", "{'event':[]}")) {
      assertThatThrownBy(() -> parse(line, "{'event':'start'}")).as(line.substring(0, Math.min(40, line.length())))
          .isInstanceOf(IOException.class).message().startsWith("metrics.jsonl, line 1: ").matches("\\P{Cntrl}{1,1000}")
          .doesNotContain("\u009b");
    }
  }

  @Test
  void aFileLargerThanAnyRunWritesIsRefusedUnread(@TempDir Path folder) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(folder.resolve("metrics.jsonl").toFile(), "rw")) {
      file.setLength(1L << 40); // a hole
    }
    assertThatThrownBy(() -> Metrics.read(folder)).isInstanceOf(IOException.class)
        .hasMessageEndingWith("metrics.jsonl is larger than 512 MiB; train.log_every writes less");
  }

  @Test
  void aResumedRunsClockGoesOn() throws IOException {
    Metrics metrics = parse("{'event':'step','step':10,'loss':4,'elapsed_s':5}",
        "{'event':'end','step':10,'reason':'interrupted'}", "{'event':'start','step':10}",
        "{'event':'step','step':20,'loss':3,'elapsed_s':10}");
    assertThat(metrics.state()).isEqualTo("unfinished");
    assertThat(metrics.wallSeconds()).isEqualTo(10);
    assertThat(parse("{'event':'start'}").wallSeconds()).isZero();
  }

  @Test
  void theStateIsThatOfTheLastStart() throws IOException {
    assertThat(parse("{'event':'start'}").state()).isEqualTo("unfinished");
    assertThat(parse("{'event':'end','step':5,'reason':'completed'}").state()).isEqualTo("completed");
    assertThat(parse("{'event':'diverged','step':5}", "{'event':'end','step':5,'reason':'stopped'}").state())
        .isEqualTo("diverged");
  }

  @Test
  void aFolderWithoutMetricsIsNotARunFolder(@TempDir Path folder) {
    assertThatThrownBy(() -> Metrics.read(folder)).isInstanceOf(NoSuchFileException.class)
        .hasMessageContaining("metrics.jsonl").hasMessageContaining("not a run folder");
  }
}
