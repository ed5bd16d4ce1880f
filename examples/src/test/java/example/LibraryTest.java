package example;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicBoolean;
import norma.train.config.Assignment;
import norma.train.study.PairedDifferences;
import norma.train.study.Study;
import norma.train.study.StudyFolder;
import norma.train.study.StudyReader;
import norma.train.study.StudyReport;
import norma.train.study.StudySummary;
import norma.train.study.StudyWorker;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What `docs/library.md` shows of studies: its code is the code of these methods, and it runs. The rest of the page e2e's EmptyFolderTest does.
class LibraryTest {
  private static final Path HOME = Path.of(System.getProperty("norma.home"));
  private static final String TINY = "model: {layers: 1, heads: 1, width: 8, context: 8}, "
      + "train: {steps: 2, batch: 2, eval_batches: 1, layers_every: 0, checkpoint_every: 0}, "
      + "data: {corpus: \"builtin:macbeth\", val_fraction: 0.01}";

  @TempDir
  Path temp;

  private static void study(Path file) throws IOException {
    Study study = StudyReader.read(file, Assignment.parse(List.of("runtime.threads=1")));
    StudyFolder folder = new StudyFolder(study, Path.of("studies", study.name()));
    new StudyWorker(folder, OptionalInt.empty(), new AtomicBoolean()).run();
    for (StudySummary.Row row : StudyReport.write(folder, "my program").rows()) {
      System.out.println(row.variant().name() + ": " + row.words() + ", " + row.best().mean() + " nats");
    }
  }

  private static void differences(double[] variantLosses, double[] baselineLosses) {
    PairedDifferences differences = new PairedDifferences(variantLosses, baselineLosses);
    System.out.println(differences.mean() + " " + differences.studentInterval() + " p " + differences.signFlipP());
  }

  @Test
  void theCodeOfTheDocumentIsTheCodeHere() throws IOException {
    String here = squeezed(Files.readString(HOME.resolve("examples/src/test/java/example/LibraryTest.java")));
    String page = Files.readString(HOME.resolve("docs/library.md"));
    String[] blocks = page.substring(page.indexOf("## A study")).split("```java\n");
    assertThat(blocks).hasSize(3);
    for (int i = 1; i < blocks.length; i++) {
      assertThat(here).contains(squeezed(blocks[i].substring(0, blocks[i].indexOf("```"))));
    }
  }

  @Test
  void itRuns() throws IOException {
    // In the working directory, as the document has it: under a name that nothing else uses.
    String name = "library-test-" + ProcessHandle.current().pid();
    Path file = Files.writeString(temp.resolve(name + ".yaml"), "{base: {" + TINY
        + "}, baseline: a, seeds: 2, variants: {a: {}, b: {model.norm.all: dyt}}}");
    try {
      assertThat(printed(() -> study(file))).contains("a: baseline", "b: does not train", " nats");
    } finally {
      delete(Path.of("studies", name));
    }
    assertThat(printed(() -> differences(new double[]{ 1, 2, 3 }, new double[3]))).startsWith("2.0 Interval[")
        .endsWith("p 0.25\n");
  }

  /// A piece of the document.
  private interface Piece {
    void run() throws IOException;
  }

  private static String printed(Piece piece) throws IOException {
    PrintStream out = System.out;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
      piece.run();
    } finally {
      System.setOut(out);
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  private static void delete(Path folder) throws IOException {
    try (var files = Files.walk(folder)) {
      for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private static String squeezed(String code) {
    return code.replaceAll("\\s+", "");
  }
}
