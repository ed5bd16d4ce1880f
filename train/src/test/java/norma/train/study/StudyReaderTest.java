package norma.train.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import norma.models.Slot;
import norma.train.config.Assignment;
import norma.train.config.ConfigException;
import norma.train.config.RunConfig;
import norma.train.run.RunException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class StudyReaderTest {
  private static final String TWO = "baseline: a\nvariants:\n  a: {model.norm.all: layernorm}\n  b: {model.norm.all: dyt}\n";

  /// A text that is read at once, after everything that messages name by its line.
  private static final String BASE = "base: {data: {corpus: \"builtin:macbeth\"}}\n";

  @TempDir
  Path folder;

  @Test
  void allTyposAreNamedAtOnce() {
    assertThatThrownBy(
        () -> read(TWO.replace("layernorm", "layrnorm") + "sedes: 3\nbudget: {stesp: 5}\n", "optim.rl=1"))
        .isInstanceOf(ConfigException.class).message().satisfies(lines -> assertThat(lines.lines()).hasSize(5))
        .contains("seeds is missing", "sedes: unknown key; did you mean seeds?", "budget.stesp: unknown key",
            "layrnorm", "optim.rl=1: unknown key");
  }

  /// On a short text, unless the file has a base of its own.
  private Study read(String yaml, String... settings) throws IOException {
    Path file = Files.writeString(folder.resolve("x.yaml"), yaml.contains("base:") ? yaml : yaml + BASE);
    return StudyReader.read(file, Assignment.parse(List.of(settings)));
  }

  /// In the study's own file, in its base and in a variant; on the command line where one stands.
  @Test
  void aCorpusLiesBesideTheFileThatNamesIt() throws IOException {
    Files.writeString(Files.createDirectories(folder.resolve("bases")).resolve("run.yaml"), "data: {corpus: text.txt}");
    for (Path text : List.of(folder.resolve("text.txt"), folder.resolve("bases/text.txt"))) {
      Files.writeString(text, text.toString().repeat(200));
    }
    String variants = "\nseeds: 1\nbaseline: a\nvariants: {a: {}, b: {model.norm.all: dyt}}\n";
    Path mine = Files.writeString(folder.resolve("mine.yaml"), "base: {data: {corpus: text.txt}}" + variants);
    Path based = Files.writeString(folder.resolve("based.yaml"), "base: bases/run.yaml" + variants);
    Path grid = Files.writeString(folder.resolve("grid.yaml"),
        "grid: {data.corpus: [text.txt, bases/text.txt]}" + variants);
    assertThat(corpora(mine)).containsOnly(folder.resolve("text.txt").toString());
    assertThat(corpora(based)).containsOnly(folder.resolve("bases/text.txt").toString());
    assertThat(corpora(grid)).containsOnly(folder.resolve("text.txt").toString(),
        folder.resolve("bases/text.txt").toString());
    assertThatThrownBy(() -> corpora(mine, "data.corpus=text.txt"))
        .hasMessageContaining(Path.of("text.txt").toAbsolutePath().toString());
  }

  private static List<String> corpora(Path file, String... settings) {
    return StudyReader.read(file, Assignment.parse(List.of(settings))).variants().stream()
        .map(variant -> ((RunConfig.Corpus.Named) variant.candidates().getFirst().config().data().corpus()).source())
        .toList();
  }

  @Test
  void variantsTimesSeeds() throws IOException {
    Study study = read(TWO + "seeds: 3\nbudget: {steps: 7}\n");
    assertThat(study.name()).isEqualTo("x");
    assertThat(study.seeds()).containsExactly(1L, 2L, 3L);
    assertThat(study.runs()).isEqualTo(6);
    assertThat(study.comparisons()).isEqualTo(1);
    Study.Variant b = study.variants().getLast();
    assertThat(b.settings()).containsExactly("model.norm.all=dyt");
    assertThat(study.baselineOf(b)).isEqualTo(study.variants().getFirst());
    Study.Cell cell = study.cell(b, b.candidates().getFirst(), 3);
    assertThat(cell.config().train().steps()).isEqualTo(7);
    assertThat(cell.config().train().seed()).isEqualTo(3);
    assertThat(cell.config().model().norm().of(Slot.FINAL).type()).isEqualTo("dyt");
    assertThat(cell.id()).matches("b-s3-[0-9a-f]{8}");
  }

  @Test
  void aRunIsKnownByWhatDeterminesIt() throws IOException {
    String id = id(read(TWO + "seeds: 1\n"));
    assertThat(id(read(TWO + "seeds: 5\ntitle: other\n"))).isEqualTo(id);
    assertThat(id(read(TWO + "seeds: 1\n", "runtime.threads=1", "output.dir=elsewhere"))).isEqualTo(id);
    assertThat(id(read(TWO + "seeds: 1\n", "optim.lr=2e-3"))).isNotEqualTo(id);
    String eight = id(read(TWO + "seeds: 1\n", "runtime.threads=8"));
    assertThat(eight).as("eight shards add up otherwise").isNotEqualTo(id);
    assertThat(id(read(TWO + "seeds: 1\n", "runtime.threads=2", "runtime.shards=8"))).isEqualTo(eight);
    assertThat(id(read(TWO + "seeds: 1\n", "runtime.threads=8", "train.batch=4")))
        .as("four sequences are four shards").isEqualTo(id(read(TWO + "seeds: 1\n", "train.batch=4")));
  }

  @Test
  void anotherTextIsAnotherStudy() throws IOException {
    Path text = Files.writeString(folder.resolve("text.txt"), "abc ".repeat(200));
    String setting = "data.corpus=" + text;
    Study before = read(TWO + "seeds: 1\n", setting);
    Files.writeString(text, "abd ".repeat(200));
    Study after = read(TWO + "seeds: 1\n", setting);
    assertThat(id(after)).isNotEqualTo(id(before));
    assertThat(after.hash()).isNotEqualTo(before.hash());
  }

  @Test
  void aSettingMayNotFixWhatTheStudyVaries() {
    assertThatThrownBy(() -> read(TWO + "seeds: 1\ntune: {optim.lr: [1e-3, 2e-3]}\ntune_seeds: 1\n", "optim.lr=3e-3"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("optim.lr=3e-3 on the command line fixes optim.lr, which tune decides");
    assertThatThrownBy(() -> read(TWO + "seeds: 1\nbudget: {flops: 1e12}\n", "train.steps=3"))
        .isInstanceOf(ConfigException.class).hasMessageContaining("train.steps, which budget decides");
    assertThatThrownBy(() -> read(TWO + "seeds: 1\n", "train.seed=7"))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("train.seed=7 on the command line fixes train.seed, which seeds decides");
  }

  private static String id(Study study) {
    Study.Variant first = study.variants().getFirst();
    return study.cell(first, first.candidates().getFirst(), 1).id();
  }

  /// The same FLOPs are fewer steps of a larger model.
  @Test
  void aBudgetOfFlopsGivesEveryVariantItsSteps() throws IOException {
    Study study = read(
        "baseline: a\nvariants:\n  a: {model.layers: 1}\n  b: {model.layers: 3}\nseeds: 1\nbudget: {flops: 1e12}\n");
    StepCost cost = new StepCost();
    assertThat(study.variants()).allSatisfy(variant -> {
      RunConfig config = variant.candidates().getFirst().config();
      assertThat(cost.flops(config) * config.train().steps()).isBetween(1e12 - cost.flops(config), 1e12);
    });
    assertThat(cost.flops(study.variants().get(1).candidates().getFirst().config()))
        .isGreaterThan(2 * cost.flops(study.variants().get(0).candidates().getFirst().config()));
  }

  @Test
  void aBudgetIsSpentInWholeRounds() throws IOException {
    String flops = TWO + "seeds: 1\nbudget: {flops: %s}\n";
    Study study = read(flops.formatted("1e12"), "train.sync_every=50");
    int steps = read(flops.formatted("1e12")).variants().getFirst().candidates().getFirst().config().train().steps();
    assertThat(study.variants().getFirst().candidates().getFirst().config().train().steps())
        .isBetween(steps - 49, steps).matches(whole -> whole % 50 == 0);
    assertThatThrownBy(() -> read(flops.formatted("1e11"), "train.sync_every=50")).isInstanceOf(ConfigException.class)
        .hasMessageContaining("expected enough for a round, train.sync_every 50");
  }

  @Test
  void settingsOfTheCommandLineComeLast() throws IOException {
    Study study = read(TWO + "seeds: 1\nbudget: {steps: 7}\n", "train.steps=5");
    assertThat(study.variants().getFirst().candidates().getFirst().config().train().steps()).isEqualTo(5);
  }

  @Test
  void aBaseIsAFileBesideTheStudyOrKeysInIt() throws IOException {
    Files.writeString(folder.resolve("base.yaml"), "model: {layers: 2}\n");
    assertThat(layers(read("base: base.yaml\n" + TWO + "seeds: 1\n"))).isEqualTo(2);
    assertThat(layers(read("base: {model: {layers: 3}}\n" + TWO + "seeds: 1\n"))).isEqualTo(3);
  }

  private static int layers(Study study) {
    return study.variants().getFirst().candidates().getFirst().config().model().layers();
  }

  @Test
  void aGridMultipliesTheVariantsEachPointWithItsOwnBaseline() throws IOException {
    Study study = read(TWO + "seeds: 2\ngrid:\n  model.width: [64, 128]\n");
    assertThat(study.variants()).extracting(Study.Variant::name).containsExactly("a-width64", "b-width64", "a-width128",
        "b-width128");
    assertThat(study.variants()).extracting(Study.Variant::base).containsExactly("a", "b", "a", "b");
    assertThat(study.variants().getLast().point()).containsExactly("model.width=128");
    assertThat(study.baselineOf(study.variants().get(3)).name()).isEqualTo("a-width128");
    assertThat(study.comparisons()).isEqualTo(2);
  }

  /// The names before the hash are those of earlier studies, whose folders must be found again.
  @Test
  void aPointOfAGridIsNamedByItsValuesAndByAHashWhereTheyAreLongOrAlike() throws IOException {
    assertThat(read(TWO + "seeds: 2\ngrid: {optim.lr: [3e-4, 1e+3], model.dropout: [0.1, 0]}\n").variants().stream()
        .map(Study.Variant::name)).contains("a-lr3e_4-dropout0.1", "b-lr1e_3-dropout0");
    List<String> alike = read(TWO + "seeds: 2\ngrid: {optim.lr: [1e-3, 1e+3]}\n").variants().stream()
        .map(Study.Variant::name).toList();
    assertThat(alike).startsWith("a-lr1e_3", "b-lr1e_3").doesNotHaveDuplicates();
    assertThat(alike.getLast()).matches("b-lr1e_3-[0-9a-f]{8}");
    Path deep = Files
        .createDirectories(folder.resolve("a folder".repeat(9)).resolve("\u0442\u0435\u043a\u0441\u0442\u044b"));
    Path one = Files.writeString(deep.resolve("one.txt"), "abc ".repeat(200));
    Path other = Files.writeString(deep.resolve("One.txt"), "abd ".repeat(200));
    String grid = "seeds: 2\ngrid: {data.corpus: [\"" + one + "\", \"" + other + "\"]}\n";
    for (String yaml : List.of(TWO + grid, TWO.replace(" b:", " " + "b".repeat(40) + ":") + grid)) {
      List<String> names = read(yaml).variants().stream().map(Study.Variant::name).toList();
      assertThat(names).doesNotHaveDuplicates().allMatch(name -> name.matches("[ab].*-[0-9a-f]{8}"))
          .allMatch(name -> name.length() <= StudyReader.LONGEST_VARIANT);
      assertThat(names.getFirst()).matches("a-.*one\\.txt-[0-9a-f]{8}");
      assertThat(read(yaml).variants().stream().map(Study.Variant::name)).as("every time").isEqualTo(names);
    }
  }

  @Test
  void aStudyIsNamedAfterItsFileWhateverThatIsCalled() throws IOException {
    for (String file : List.of("a=b.yaml", "\u0441\u0442\u0443\u0434\u0438\u044f.yaml", "x".repeat(200) + ".yaml",
        ".yaml")) {
      Path path = Files.writeString(folder.resolve(file), TWO + "seeds: 1\n" + BASE);
      assertThat(StudyReader.read(path, List.of()).name()).matches("[A-Za-z0-9][A-Za-z0-9._-]{0,39}");
    }
    assertThat(read(TWO + "seeds: 1\n").name()).isEqualTo("x");
  }

  @Test
  void textsThatCannotBeReadAreAllNamedWithTheirVariants() {
    String yaml = TWO + "  c: {data.corpus: /no/such.txt, model.layers: 1}\n  d: {data.corpus: /no/such.txt}\n"
        + "  e: {model.context: 900000}\nseeds: 1\n";
    assertThatThrownBy(() -> read(yaml)).isInstanceOf(RunException.class).message()
        .startsWith("3 of 5 variants cannot be trained here: c, d: there is no file /no/such.txt")
        .contains("; e: model.context is 900000 but the ").doesNotContain("\n");
  }

  @Test
  void tuningHasSeedsOfItsOwnAndMarksTheEdges() throws IOException {
    Study study = read(TWO + "seeds: 2\ntune:\n  optim.lr: [5e-4, 1e-3, 2e-3]\ntune_seeds: 2\n");
    assertThat(study.tuneSeeds()).containsExactly(1001L, 1002L);
    assertThat(study.tuningCells()).hasSize(2 * 2 * 3);
    assertThat(study.runs()).isEqualTo(12 + 4);
    List<Study.Candidate> candidates = study.variants().getFirst().candidates();
    assertThat(candidates).extracting(Study.Candidate::label).containsExactly("optim.lr=5e-4", "optim.lr=1e-3",
        "optim.lr=2e-3");
    assertThat(candidates).extracting(Study.Candidate::atEdge).containsExactly(List.of("optim.lr"), List.of(),
        List.of("optim.lr"));
  }

  @Test
  void aVariantMayChooseFromListsOfItsOwn() throws IOException {
    Study study = read(TWO + "seeds: 2\ntune:\n  optim.lr: [1e-4, 3e-4, 1e-3, 3e-3]\n"
        + "  b: {optim.lr: [1e-3, 3e-3], model.norm.all.alpha: [0.5, 1.0]}\ntune_seeds: [7]\n");
    assertThat(study.variants().getLast().candidates()).extracting(Study.Candidate::label)
        .containsExactly("optim.lr=1e-3 model.norm.all.alpha=0.5", "optim.lr=1e-3 model.norm.all.alpha=1.0",
            "optim.lr=3e-3 model.norm.all.alpha=0.5", "optim.lr=3e-3 model.norm.all.alpha=1.0");
  }

  static Stream<Arguments> wrong() {
    return Stream.of(
        Arguments.of(TWO + "seed: 3\n", "x.yaml:5: seeds is missing (seed is one, seeds are several); expected"),
        Arguments.of(TWO + "seeds: 2\nseed: 3\n", "x.yaml:6: seed: unknown key; did you mean seeds?"),
        Arguments.of(TWO.replace("model.norm.all: dyt", "model.norm.al: dyt") + "seeds: 2\n",
            "x.yaml:4: model.norm.al: unknown key; did you mean model.norm.all?"),
        Arguments.of(TWO.replace("dyt", "dty") + "seeds: 2\n",
            "x.yaml:4: model.norm.all: unknown norm type 'dty'; did you mean dyt?"),
        Arguments.of(TWO.replace("dyt", "layernorm") + "seeds: 2\n",
            "x.yaml:2: variants: a and b resolve to the same configuration"),
        Arguments.of(TWO.replace("baseline: a", "baseline: layer") + "seeds: 2\n",
            "x.yaml:1: baseline is 'layer', which is not a variant"),
        Arguments.of(TWO, "seeds is missing; expected a number of seeds, or a list"),
        Arguments.of(TWO + "seeds: [1, 1]\n", "x.yaml:5: seeds: a seed is given twice"),
        Arguments.of(TWO + "seeds: 0\n", "x.yaml:5: seeds: 0 is out of range"),
        Arguments.of(TWO + "seeds: 2\ntune: {optim.lr: [1e-3, 2e-3]}\ntune_seeds: [2, 3]\n",
            "x.yaml:7: tune_seeds and seeds have seeds in common"),
        Arguments.of(
            TWO + "seeds: 2\ntune: {optim.lr: [1e-3, 2e-3], b: {optim.lr: [1e-4, 1e-3, 2e-3]}}\ntune_seeds: 1\n",
            "x.yaml:6: tune: b has 3 tries, a has 2; expected as many for every variant"),
        Arguments.of(TWO + "seeds: 2\ngrid: {optim.lr: 1e-3}\n", "x.yaml:6: grid.optim.lr: 1e-3 is not a list"),
        Arguments.of(TWO.replace("dyt}", "dyt, data.val_fraction: 0.2}") + "seeds: 2\n",
            "x.yaml:2: variants: b and the baseline are not validated on the same tokens: their losses cannot be compared; expected"),
        Arguments.of(TWO.replace("dyt}", "dyt, data.token: byte}") + "seeds: 2\n",
            "x.yaml:2: variants: b and the baseline are not validated on the same tokens: their losses cannot be compared; expected"),
        Arguments.of(TWO.replace("dyt}", "dyt, train.eval_tokens: 2000}") + "seeds: 2\n",
            "x.yaml:2: variants: b and the baseline are not validated on the same tokens"),
        Arguments.of(TWO.replace("dyt}", "layernorm, train.seed: 7}") + "seeds: 2\n",
            "variants: a and b resolve to the same configuration"),
        Arguments.of(TWO + "seeds: 2\ntune: {data.val_fraction: [0.1, 0.2]}\ntune_seeds: 1\n",
            "variants: a, b and the baseline are not validated on the same tokens"),
        Arguments.of(TWO + "seeds: 2\ntune: {optim.lr: [1e-3, 0.001]}\ntune_seeds: 1\n",
            "a with optim.lr=1e-3 and a with optim.lr=0.001 resolve to the same configuration"),
        Arguments.of(TWO + "seeds: 2\ntune: {optim.lr: [1e-3, 2e-3, 1e-3]}\ntune_seeds: 1\n",
            "a with optim.lr=1e-3 and a with optim.lr=1e-3 resolve to the same configuration"),
        Arguments.of("variants: {}\nseeds: 2\n", "x.yaml:1: variants: expected at least one"),
        Arguments.of("variants: {a/b: {}, c: {model.layers: 2}}\nbaseline: c\nseeds: 2\n",
            "variants.a/b: 'a/b' cannot name a folder"),
        Arguments.of(TWO + "seeds: 2\nbudget: {flops: 10}\n", "x.yaml:6: budget.flops: 10.0 are not one step of"),
        Arguments.of(TWO + "seeds: 2\nbudget: {flops: 1e12, steps: 5}\n", "budget: steps and flops at once"),
        Arguments.of("base: gone.yaml\n" + TWO + "seeds: 2\n", "gone.yaml: no such file"));
  }

  @ParameterizedTest
  @MethodSource("wrong")
  void whatIsWrongIsFoundBeforeAnythingRuns(String yaml, String message) {
    assertThatThrownBy(() -> read(yaml)).isInstanceOf(ConfigException.class).hasMessageContaining(message);
  }
}
