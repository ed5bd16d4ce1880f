package norma.train.study;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import norma.nn.NormTypes;
import norma.train.config.Assignment;
import norma.train.config.ConfigReader;
import norma.train.config.RunConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The command beside each run of a report, as a shell and `norma train` take it.
class ReproduceTest {
  private static final Path CONFIGS = Path.of("..", "configs");

  @TempDir
  Path temp;

  /// The words that a shell hands on.
  private static List<String> shell(String command) throws IOException {
    Process shell = new ProcessBuilder("sh", "-c",
        "norma() { for word; do printf '%s\\n' \"$word\"; done; }; " + command)
        .redirectErrorStream(true).start();
    return new String(shell.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8).lines().toList();
  }

  /// As `norma train` resolves its words without a file.
  private static RunConfig resolve(String command) throws IOException {
    List<String> words = shell(command);
    assertThat(words.getFirst()).isEqualTo("train");
    return new ConfigReader(NormTypes.all()).read(CONFIGS.resolve("char-cpu.yaml"),
        Assignment.parse(words.subList(1, words.size())));
  }

  private static void check(Study study) throws IOException {
    List<Study.Cell> cells = new ArrayList<>();
    for (Study.Variant variant : study.variants()) {
      variant.candidates().forEach(candidate -> cells.add(study.cell(variant, candidate, study.seeds().getLast())));
    }
    for (Study.Cell cell : cells) {
      String command = StudyTables.command(cell.config());
      assertThat(resolve(command)).as(command).isEqualTo(cell.config());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = { "norms-quick", "norms-paper", "slots", "blocks", "data-size", "placement",
      "function-search" })
  void everyShippedStudysRunsHaveACommand(String name) throws IOException {
    check(StudyReader.read(CONFIGS.resolve("studies").resolve(name + ".yaml"), List.of()));
  }

  @Test
  void settingsThatAShellWouldMisreadHaveOneToo() throws IOException {
    Path text = Files.writeString(temp.resolve("it's $HOME and \"text\".txt"), "abc ".repeat(300));
    Path file = Files.writeString(temp.resolve("x.yaml"), """
        base:
          name: other
          data: {corpus: %s}
          model: {layers: 3, heads: 2, width: 16, context: 12, bias: true, embedding_scale: fixed}
          optim: {betas: [0.8, 0.95], schedule: constant, eps: 1e-9}
          runtime: {threads: 1, precision: fp64, backend: nd4j}
        baseline: a
        variants:
          a: {}
          b: {model.norm: {attn: {branch: {type: dyt, alpha: 0.8}}, qk: rmsnorm, final: none,
              blocks: [{of: "0,2", mlp.pre: {type: dyisru, parametrization: direct}}]}}
          c: {model.norm.all: {type: derf, shift: -0.25}, model.norm.embedding: rmsnorm}
        seeds: 2
        """.formatted("\"" + text.toString().replace("\"", "\\\"") + "\""));
    check(StudyReader.read(file, List.of()));
  }

  @Test
  void whatIsAsByDefaultIsNotSaid() throws IOException {
    Study study = StudyReader.read(CONFIGS.resolve("studies/slots.yaml"), List.of());
    Study.Variant dyt = study.variants().get(1);
    assertThat(StudyTables.command(study.cell(dyt, dyt.candidates().getFirst(), 3).config()))
        .isEqualTo("norma train train.seed=3 'model.norm={attn: {pre: dyt}, mlp: {pre: layernorm}, final: layernorm}'");
    Study.Variant first = study.variants().getFirst();
    assertThat(StudyTables.command(study.cell(first, first.candidates().getFirst(), 3).config()))
        .isEqualTo("norma train train.seed=3");
  }
}
