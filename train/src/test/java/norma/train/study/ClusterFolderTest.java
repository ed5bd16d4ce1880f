package norma.train.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import norma.train.cluster.Luggage;
import norma.train.config.RunConfig;
import norma.train.files.Json;
import norma.train.files.Tree;
import norma.train.run.RunException;
import norma.train.run.RunFolder;
import norma.train.study.Study.Cell;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What goes to workers that share no folder, and what is taken from them.
class ClusterFolderTest {
  @TempDir
  Path temp;

  private Path text;
  private StudyFolder folder;
  private ClusterFolder cluster;

  @BeforeEach
  void study() throws IOException {
    text = Files.writeString(temp.resolve("a text.txt"), "the quick brown fox. ".repeat(50));
    Path file = Files.writeString(temp.resolve("x.yaml"), """
        base: {data: {corpus: "%s"}, train: {steps: 100}}
        baseline: a
        variants:
          a: {}
          b: {model.norm.all: dyt}
        tune: {optim.lr: [1e-3, 2e-3]}
        tune_seeds: 1
        seeds: 2
        """.formatted(text));
    folder = new StudyFolder(StudyReader.read(file, List.of()), temp.resolve("here/x"));
    cluster = new ClusterFolder(folder);
  }

  /// A work folder of a worker.
  private Path work() throws IOException {
    Path work = Files.createDirectories(temp.resolve("work"));
    try (ZipInputStream zip = new ZipInputStream(Files.newInputStream(cluster.given()))) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        Path file = work.resolve(entry.getName());
        Files.createDirectories(file.getParent());
        Files.write(file, zip.readAllBytes());
      }
    }
    return work;
  }

  private StudyFolder there(Path work) throws IOException {
    Path path = work.resolve("studies/x");
    return new StudyFolder(StudyFile.read(path).study(), path);
  }

  private Path returned(int number, String exit, String output) throws IOException {
    Path returned = Files.createDirectories(cluster.results().resolve(String.valueOf(number)));
    Files.writeString(returned.resolve("exit"), exit);
    Files.writeString(returned.resolve("output"), output);
    return returned.resolve(ClusterFolder.RESULT);
  }

  @Test
  void aWorkerHasTheSameStudyAndKnowsWhatWasChosen() throws Exception {
    for (Cell cell : folder.study().tuningCells()) {
      StudyFixture.write(folder, cell, 100);
    }
    Path classes = Files.createDirectories(temp.resolve("norms/example"));
    Files.writeString(classes.resolve("Norm.class"), "code");
    String packed = cluster.pack(temp.resolve("norms") + ":" + temp.resolve("missing.jar"));
    Path work = work();
    StudyFolder there = there(work);
    assertThat(there.study().hash()).isEqualTo(folder.study().hash());
    assertThat(there.cells()).extracting(Cell::id).isEqualTo(folder.cells().stream().map(Cell::id).toList()).hasSize(8);
    RunConfig.Corpus corpus = there.cells().getLast().config().data().corpus();
    assertThat(work.resolve(((RunConfig.Corpus.Named) corpus).source())).hasSameBinaryContentAs(text);
    assertThat(work.resolve(packed).resolve("example/Norm.class")).hasContent("code");
    assertThat(work.resolve("studies/x/runs")).doesNotExist();
  }

  /// A class path as Java reads it, which follows a link.
  @Test
  void classesTravelFromBehindALinkAndAsTheJarsOfAFolder() throws Exception {
    Path classes = Files.createDirectories(temp.resolve("classes/example"));
    Files.writeString(classes.resolve("Norm.class"), "code");
    Path link = Files.createSymbolicLink(temp.resolve("norms"), classes.getParent());
    Path libs = Files.createDirectories(temp.resolve("libs"));
    for (String name : List.of("b.jar", "a.jar", "notes.txt")) {
      Files.writeString(libs.resolve(name), name);
    }
    List<String> packed = List.of(cluster.pack(link + ":" + libs + "/*").split(":", -1));
    assertThat(packed).extracting(place -> place.substring(place.lastIndexOf('/') + 1)).containsExactly("norms",
        "a.jar",
        "b.jar");
    Path work = work();
    assertThat(work.resolve(packed.getFirst()).resolve("example/Norm.class")).hasContent("code");
    assertThat(work.resolve(packed.getLast())).hasContent("b.jar");
  }

  @Test
  void weightsToBeginWithTravelAsTheRunThatTheyAreOf() throws Exception {
    Path checkpoint = Files.createDirectories(temp.resolve("run/checkpoints/step-0000010"));
    Files.writeString(checkpoint.resolve("model.safetensors"), "weights");
    Files.writeString(temp.resolve("run/config.yaml"), "name: run");
    RunConfig config = RunConfig.DEFAULT.beginningWith(java.util.Optional.of(checkpoint));
    Files.createDirectories(cluster.given().getParent());
    try (OutputStream out = Files.newOutputStream(cluster.given()); Luggage luggage = new Luggage(out)) {
      for (int variant = 0; variant < 2; variant++) {
        assertThat(luggage.packed(config, "", "abc").train().initFrom())
            .contains(Path.of("weights/abc/checkpoints/step-0000010"));
      }
    }
    assertThat(work().resolve("weights/abc/checkpoints/step-0000010/model.safetensors")).hasContent("weights");
    assertThat(work().resolve("weights/abc/config.yaml")).hasContent("name: run");
  }

  @Test
  void aTextThatWasChangedDoesNotTravel() throws Exception {
    Files.writeString(text, "another");
    assertThatThrownBy(() -> cluster.pack("")).isInstanceOf(RunException.class)
        .hasMessageContainingAll(text.toString(), "was changed");
  }

  @Test
  void aRunComesBackWithoutItsWeightsAndTheFirstResultStays() throws Exception {
    cluster.pack("");
    StudyFolder there = there(work());
    for (int number : List.of(1, 2)) {
      Cell cell = Objects.requireNonNull(there.numbered().get(number));
      StudyFixture.write(there, cell, 100);
      CellResult result = Objects.requireNonNull(there.result(cell));
      Files.writeString(
          Files.createDirectories(there.path().resolve(result.folder()).resolve("checkpoints/step-0000100"))
              .resolve("model.safetensors"),
          "weights");
      ClusterFolder.packResult(there, result, returned(number, "0", "run 1 of 8"));
    }
    Cell first = Objects.requireNonNull(folder.numbered().get(1));
    folder.write(first, CellResult.without(first.id(), CellResult.COMPLETED, ""));
    cluster.take();
    assertThat(Objects.requireNonNull(folder.result(first)).folder()).isEmpty();
    Cell second = Objects.requireNonNull(folder.numbered().get(2));
    CellResult taken = Objects.requireNonNull(folder.result(second));
    assertThat(taken).isEqualTo(there.result(Objects.requireNonNull(there.numbered().get(2))));
    Path run = folder.path().resolve(taken.folder());
    assertThat(RunFolder.open(run).config(List.of()).data()).isEqualTo(second.config().data());
    assertThat(run.resolve("report.html")).content().contains(text.toString());
    assertThat(run.resolve("checkpoints")).doesNotExist();
    assertThat(cluster.results().resolve("2")).doesNotExist();
  }

  @Test
  void aProcessThatLeftNothingIsARunThatFailed() throws Exception {
    returned(0, "3", "starting\nnorma: no such text; expected one\n\n");
    returned(3, "137", "");
    cluster.take();
    assertThat(folder.numbered().values().stream().map(cell -> {
      CellResult result = folder.result(cell);
      return result == null ? "" : result.status() + ": " + result.error();
    })).containsExactly("failed: no such text; expected one", "", "", "failed: exit code 137");
  }

  @Test
  void aResultThatNamesAnotherRunsFolderIsNotTaken() throws Exception {
    Cell cell = Objects.requireNonNull(folder.numbered().get(0));
    Path other = temp.resolve("here/runs/mine");
    StudyFixture.write(folder, cell, 100);
    CellResult result = Objects.requireNonNull(folder.result(cell));
    Files.createDirectories(other.getParent());
    Files.move(folder.path().resolve(result.folder()), other);
    String config = Files.readString(other.resolve("config.yaml"));
    CellResult elsewhere = result.as(cell.id(), "../runs/mine");
    try (OutputStream out = Files.newOutputStream(returned(0, "0", "")); Luggage luggage = new Luggage(out)) {
      luggage.add("result.json", Json.text(elsewhere));
    }
    assertThatThrownBy(cluster::take).isInstanceOf(RunException.class)
        .hasMessageContaining("a file of another run, ../runs/mine");
    assertThat(other.resolve("config.yaml")).hasContent(config);
  }

  /// Left by a driver that was killed before the study was edited, under a number that is another run's now.
  @Test
  void aResultIsTheRunsThatItNames() throws Exception {
    Cell other = Objects.requireNonNull(folder.numbered().get(1));
    StudyFixture.write(folder, other, 100);
    CellResult result = Objects.requireNonNull(folder.result(other));
    ClusterFolder.packResult(folder, result, returned(0, "0", ""));
    ClusterFolder.packResult(folder, CellResult.without("gone", CellResult.COMPLETED, ""), returned(2, "0", ""));
    Tree.delete(folder.path().resolve("cells"));
    Tree.delete(folder.runs(other));
    StudyFolder after = new StudyFolder(folder.study(), folder.path());
    new ClusterFolder(after).take();
    assertThat(after.result(other)).isEqualTo(result);
    assertThat(folder.path().resolve(result.folder())).isDirectory();
    assertThat(after.result(Objects.requireNonNull(after.numbered().get(0)))).isNull();
    assertThat(after.result(Objects.requireNonNull(after.numbered().get(2)))).isNull();
    assertThat(Tree.list(cluster.results())).isEmpty();
  }

  /// The driver renames it once it is whole.
  @Test
  void aResultThatIsStillWrittenIsLeftAlone() throws Exception {
    Cell cell = Objects.requireNonNull(folder.numbered().get(0));
    StudyFixture.write(folder, cell, 100);
    Path part = Files.createDirectories(cluster.results().resolve(".writing-1")).resolve(ClusterFolder.RESULT);
    ClusterFolder.packResult(folder, Objects.requireNonNull(folder.result(cell)), part);
    cluster.take();
    assertThat(part).exists();
  }

  /// The others go on, and the next start tries it again.
  @ParameterizedTest
  @ValueSource(strings = { "", "no archive" })
  void aDamagedArchiveIsARunThatFailed(String content) throws Exception {
    Files.writeString(returned(0, "0", ""), content);
    cluster.take();
    CellResult result = Objects.requireNonNull(folder.result(Objects.requireNonNull(folder.numbered().get(0))));
    assertThat(result.failed()).isTrue();
    assertThat(result.error()).isEqualTo("what came back from the cluster is damaged: it has no result.json");
    assertThat(cluster.results().resolve("0")).doesNotExist();
  }

  @Test
  void nothingIsWrittenElsewhereThanARunsOwnFolder() throws Exception {
    Cell cell = Objects.requireNonNull(folder.numbered().get(0));
    for (String name : List.of("../../out", "study.json", "runs/" + folder.cells().get(1).id() + "/x",
        "/" + temp + "/out")) {
      try (OutputStream out = Files.newOutputStream(returned(0, "0", "")); Luggage luggage = new Luggage(out)) {
        luggage.add("result.json", Json.text(CellResult.without(cell.id(), CellResult.COMPLETED, "")));
        luggage.add(name, "content");
      }
      assertThatThrownBy(cluster::take).isInstanceOf(RunException.class).hasMessageContaining("a file of another run");
    }
    assertThat(folder.result(cell)).isNull();
    assertThat(temp.resolve("out")).doesNotExist();
    assertThat(folder.path().resolve("study.json")).doesNotExist();
  }
}
