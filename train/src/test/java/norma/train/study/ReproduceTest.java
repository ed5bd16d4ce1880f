package norma.train.study;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import norma.models.NormSlots;
import norma.models.Slot;
import norma.nn.NormSpec;
import norma.nn.NormTypes;
import norma.train.config.Assignment;
import norma.train.config.ConfigReader;
import norma.train.config.RunConfig;
import norma.train.files.Tree;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The studies that are shipped, and the command beside each run of a report, as a shell and `norma train` take it.
class ReproduceTest {
  private static final Path CONFIGS = Path.of("..", "configs");

  /// Each is read once: most of them on a text of a megabyte.
  private static final Map<Path, Study> SHIPPED = new ConcurrentHashMap<>();

  @TempDir
  Path temp;

  /// The words of each command that a shell hands on.
  private static List<List<String>> words(List<String> commands) throws IOException {
    Process shell = new ProcessBuilder("sh", "-c",
        "norma() { printf '%s\\n' \"$@\" ''; }; " + String.join("; ", commands)).redirectErrorStream(true).start();
    String all = new String(shell.getInputStream().readAllBytes(), UTF_8);
    return Stream.of(all.split("\n\n", -1)).map(words -> words.lines().toList()).toList();
  }

  /// As `norma train` resolves its words without a file.
  private static RunConfig resolve(List<String> words) {
    assertThat(words.getFirst()).isEqualTo("train");
    return new ConfigReader(NormTypes.all()).read(CONFIGS.resolve("char-cpu.yaml"),
        Assignment.parse(words.subList(1, words.size())));
  }

  private static void check(Study study) throws IOException {
    List<RunConfig> configs = study.variants().stream().flatMap(variant -> variant.candidates().stream()
        .map(candidate -> study.cell(variant, candidate, study.seeds().getLast()).config())).toList();
    List<String> commands = configs.stream().map(StudyTables::command).toList();
    List<List<String>> words = words(commands);
    for (int i = 0; i < configs.size(); i++) {
      assertThat(resolve(words.get(i))).as(commands.get(i)).isEqualTo(configs.get(i));
    }
  }

  static List<Path> studies() throws IOException {
    return Tree.list(CONFIGS.resolve("studies"));
  }

  private static Study shipped(Path file) {
    return SHIPPED.computeIfAbsent(file, study -> StudyReader.read(study, List.of()));
  }

  @ParameterizedTest
  @MethodSource("studies")
  void everyShippedStudysRunsHaveACommand(Path file) throws IOException {
    check(shipped(file));
  }

  @Test
  void theStudiesThatAreShippedAreValid() throws IOException {
    List<Study> studies = studies().stream().map(ReproduceTest::shipped).toList();
    String tutorial = Files.readString(CONFIGS.resolve("../docs/studies.md"));
    assertThat(studies).hasSizeGreaterThan(10).extracting(Study::name)
        .allSatisfy(name -> assertThat(tutorial).contains("`" + name + "`"));
    // All but the smoke test and the sweep of learning rates, which say so, have seeds enough to show a difference after the correction for all comparisons.
    assertThat(studies)
        .allMatch(study -> Set.of("norms-quick", "stability").contains(study.name()) != Double.isFinite(
            new SignFlipPower(study.comparisons()).detectable(study.seeds().size())));
  }

  @Test
  void theSearchForAFunctionHasTwelveFormulasEachAtItsBestAgainstLayerNorm() {
    Study study = shipped(CONFIGS.resolve("studies/function-search.yaml"));
    assertThat(study.comparisons()).isEqualTo(12);
    assertThat(study.variants()).hasSize(13).extracting(v -> v.candidates().size()).containsOnly(4);
    assertThat(study.variants()).extracting(study::baselineOf).extracting(Study.Variant::name)
        .containsOnly("layernorm");
    List<NormSlots> slots = study.variants().stream().flatMap(v -> v.candidates().stream())
        .map(candidate -> candidate.config().model().norm()).toList();
    assertThat(slots).extracting(norm -> norm.of(Slot.FINAL)).containsOnly(NormSpec.of("layernorm"));
    List<NormSpec> formulas = slots.stream().map(norm -> norm.of(0, Slot.ATTN_PRE)).filter(NormSpec::isFormula)
        .toList();
    assertThat(formulas).hasSize(48).extracting(NormSpec::type).allMatch(y -> y.contains("alpha * x + shift"));
    assertThat(formulas.stream().distinct()).as("twelve, with two starts each").hasSize(24);
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
  void whatIsAsByDefaultIsNotSaid() {
    Study study = shipped(CONFIGS.resolve("studies/slots.yaml"));
    Study.Variant dyt = study.variants().get(1);
    assertThat(StudyTables.command(study.cell(dyt, dyt.candidates().getFirst(), 3).config()))
        .isEqualTo("norma train train.seed=3 'model.norm={attn: {pre: dyt}, mlp: {pre: layernorm}, final: layernorm}'");
    Study.Variant first = study.variants().getFirst();
    assertThat(StudyTables.command(study.cell(first, first.candidates().getFirst(), 3).config()))
        .isEqualTo("norma train train.seed=3");
  }
}
