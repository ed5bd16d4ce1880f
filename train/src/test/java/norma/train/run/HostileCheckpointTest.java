package norma.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import norma.train.files.Json;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Whoever writes a checkpoint can write the hashes that fit it. What the fuzzer found, and what it is near.
class HostileCheckpointTest {
  private static final String ONE_LINE = "[^\\p{Cntrl}\\u0080-\\u009f]{1,1000}";

  @TempDir
  private static Path runs;
  private static Path run = Path.of("");

  @TempDir
  private Path folder;

  @BeforeAll
  static void train() {
    run = Runs.train(Runs.config(runs, "train.steps=1"));
  }

  private Path changed(String from, String to) throws Exception {
    String state = Files.readString(run.resolve("checkpoints/step-0000001/state"), StandardCharsets.ISO_8859_1);
    assertThat(state).contains(from);
    return Files.writeString(folder.resolve("state"), state.replace(from, to), StandardCharsets.ISO_8859_1);
  }

  @ParameterizedTest
  @CsvSource({ "'\"format\":', '\"\\u001b[2J\":1,\"format\":', does not know",
      "'first_moment.final.weight', 'first_moment.\\u001b[2J', has a tensor first_moment.\\u001B[2J",
      "'\"first_moment.final.weight\":[16]', '\"first_moment.final.weight\":[\"\\u009b2J\"]', of shape",
      "'\"dtype\":\"FLOAT32\"', '\"dtype\":[\"\\u009b2J\"]', has numbers of type",
      "'\"backend\":\"cpu\"', '\"backend\":\"\\u001b[2J\"', backend is \\u001B[2J; expected",
      "'\"shards\":\"', '\"shards\":\"-', 'shards is -4; expected at least 1'",
      "'\"corpus_sha256\":\"', '\"corpus_sha256\":\"\\n', corpus_sha256 is \\u000A" })
  void whatATerminalObeysIsNotQuoted(String from, String to, String problem) throws Exception {
    Path state = changed(from, to);
    try (Session session = Session.start(RunFolder.open(run).config(List.of()), false)) {
      assertThatThrownBy(() -> TrainingState.read(state).restore(session, new TrainStep(session).state()))
          .isInstanceOf(RunException.class).message().startsWith(state + " ").contains(problem).matches(ONE_LINE);
    }
  }

  @Test
  void namesOfAHundredThousandTensorsAreNotAllQuoted() throws Exception {
    StringBuilder names = new StringBuilder("\"tensors\":{");
    for (int i = 0; i < 100_000; i++) {
      names.append("\"").append(i).append("\":[],");
    }
    Path state = changed("\"tensors\":{", names.toString());
    Path keys = Files.writeString(folder.resolve("keys"), "{\"format\":1," + names.substring(names.indexOf("{") + 1)
        .replace(":[]", ":1") + Files.readString(state, StandardCharsets.ISO_8859_1).substring(1));
    try (Session session = Session.start(RunFolder.open(run).config(List.of()), false)) {
      assertThatThrownBy(() -> TrainingState.read(state).restore(session, new TrainStep(session).state()))
          .isInstanceOf(RunException.class).message().matches(ONE_LINE);
    }
    assertThatThrownBy(() -> TrainingState.read(keys)).isInstanceOf(RunException.class).message().matches(ONE_LINE);
  }

  /// The environment of a run without a checkpoint is quoted where its text is another.
  @Test
  void anEnvironmentThatATerminalWouldObeyIsNotQuoted() throws Exception {
    Path copy = Runs.copy(run, folder.resolve("copy"));
    Runs.delete(copy.resolve("checkpoints"));
    Path environment = copy.resolve("environment.json");
    String hash = Json.read(environment).path("corpus_sha256").asString("");
    Files.writeString(environment, Files.readString(environment).replace(hash, "\\u001b[2J"));
    try (Resumption resumption = Resumption.open(copy, List.of())) {
      assertThatThrownBy(() -> resumption.session(false)).isInstanceOf(RunException.class).message()
          .contains("SHA-256 \\u001B[2J").matches(ONE_LINE);
    }
  }

  /// A manifest may have fitting hashes and any names.
  @Test
  void aManifestOfOtherFilesIsRefusedWithoutTheirControlCharacters() throws Exception {
    for (String name : List.of("../../../etc/passwd", "\u001b[2J", "x".repeat(5000))) {
      Files.write(folder.resolve(Manifest.FILE), new Manifest(1, 2.5, Map.of(name, "ab".repeat(32))).bytes());
      assertThatThrownBy(() -> Checkpoint.verify(folder)).isInstanceOf(RunException.class).message()
          .contains("lists", "; expected [model.safetensors").matches(ONE_LINE);
    }
  }
}
