package norma.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import norma.train.config.RunConfig;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `data.token: byte`.
class ByteTokenTest {
  @TempDir
  private Path folder;

  private byte[] bytes;
  private Path file;

  /// No text: what begins a sequence of UTF-8 and is none is everywhere.
  @BeforeEach
  void writeFile() throws Exception {
    bytes = new byte[700];
    new Random(3).nextBytes(bytes);
    file = Files.write(folder.resolve("any.bin"), bytes);
  }

  private RunConfig config(String... settings) {
    return Runs.config(folder, Runs.with(settings, "data.token=byte", "data.corpus='" + file + "'"));
  }

  @Test
  void anyFileIsTrainedOnAndTheRunGoesOnBitForBit() throws Exception {
    Path undisturbed = Runs.train(config("train.sample_every=2"));
    Path run = Runs.train(config("train.sample_every=2"), 4);
    Runs.resume(run, -1);
    Runs.assertSame(run, undisturbed);
    assertThat(run.resolve("environment.json")).content().contains("\"token\" : \"byte\"", "\"tokens\" : 700",
        "\"vocabulary\" : 256");
    Checkpoint checkpoint = SavedRun.of(run, null).checkpoint();
    try (Session session = checkpoint.session(config(), true)) {
      assertThat(session.vocabulary().size()).isEqualTo(256);
      for (int i = 0; i < 630; i++) {
        assertThat(session.split().train()[i]).isEqualTo(bytes[i] & 0xFF);
      }
      String text = new Sampler(session).sample("\u00E9", new Sampler.Settings(90, 1, 0, 1));
      assertThat(text).isEqualTo(new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8))
          .contains("\uFFFD");
    }
  }

  @Test
  void charactersOfNoTextAreRefusedWithTheWayOut() {
    assertThatThrownBy(() -> Session.start(Runs.config(folder, "data.corpus='" + file + "'"), true))
        .hasMessageContainingAll("any.bin is not UTF-8", "data.token=byte");
  }

  @Test
  void aRunThatReadsCharactersReadsNoBytes() {
    Path run = Runs.trained(folder, -1);
    assertThatThrownBy(() -> SavedRun.of(run, null).checkpoint().session(config(), true))
        .isInstanceOf(RunException.class).hasMessageContaining("data.token is read as bytes, and the weights are of a "
            + "run that read characters");
    assertThatThrownBy(() -> Session.start(config("train.init_from='" + run + "'"), true))
        .isInstanceOf(RunException.class).hasMessageContaining("expected the run's own data.token");
  }

  /// Every character of the text is one byte: even so, a run's loss is compared with another only where both say the same.
  @Test
  void lossesOfCharactersAndBytesAreNotCompared() {
    RunConfig characters = Runs.config(folder);
    RunConfig sameText = Runs.config(folder, "data.token=byte");
    try (Session left = Session.start(characters, true);
        Session right = Session.start(sameText, true)) {
      assertThat(left.corpus().symbols()).isEqualTo(right.corpus().symbols());
      assertThat(left.validationSha256()).isNotEqualTo(right.validationSha256());
    }
    assertThat(Comparability.of(characters, Map.of(), sameText, Map.of()).voids())
        .contains("losses are means over characters and over bytes: other quantities, which are not comparable");
  }
}
