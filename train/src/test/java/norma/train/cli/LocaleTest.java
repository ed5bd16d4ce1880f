package norma.train.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import norma.train.files.Tree;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What Norma writes does not depend on the language of the machine.
class LocaleTest {
  /// Numbers are times too, hashes are of files with times.
  private static final Pattern NUMBER = Pattern.compile("\\b[0-9a-f]{64}\\b|-?[0-9][0-9.E-]*");
  private static final Pattern OTHER_DIGIT = Pattern.compile("[\\p{Nd}&&[^0-9]]");

  @TempDir
  private static Path plainFolder;
  private static Map<String, String> plain = Map.of();

  @BeforeAll
  static void trainWithoutALanguage() throws IOException {
    plain = filesOf(Locale.ROOT, plainFolder);
    assertThat(plain.keySet()).anySatisfy(name -> assertThat(name).endsWith("checkpoints/step-0000004/manifest.json"));
  }

  /// Digits of their own (Persian, Arabic, Bengali, Marathi, Nepali), and the dotless i of Turkish.
  @ParameterizedTest
  @ValueSource(strings = { "fa-IR", "ar-EG", "bn-BD", "mr-IN", "ne-NP", "tr-TR" })
  void aRunInAnotherLanguageLeavesTheSameFiles(String language, @TempDir Path folder) throws IOException {
    Map<String, String> files = filesOf(Locale.forLanguageTag(language), folder);
    assertThat(files.keySet()).isEqualTo(plain.keySet());
    files.forEach((name, text) -> {
      String expected = plain.getOrDefault(name, "");
      if (name.endsWith(".safetensors")) {
        assertThat(text).as(name).isEqualTo(expected);
      } else if (!name.endsWith("/state")) {
        assertThat(text).as(name).doesNotContainPattern(OTHER_DIGIT);
      }
      if (name.matches(".*\\.(yaml|json|jsonl|csv)")) {
        assertThat(numberless(text)).as(name).isEqualTo(numberless(expected));
      }
    });
  }

  /// What training, going on, comparing and reporting print and leave.
  private static Map<String, String> filesOf(Locale locale, Path folder) throws IOException {
    Locale before = Locale.getDefault();
    PrintStream out = System.out;
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    Locale.setDefault(locale);
    System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
    try {
      Path runs = folder.resolve("runs");
      assertThat(Main.run("train", "configs/tiny.yaml", "model.layers=1", "model.context=8", "train.steps=2",
          "data.val_fraction=0.001", "train.checkpoint_every=2", "output.dir='" + runs + "'")).isZero();
      String run = Tree.list(runs).getFirst().toString();
      assertThat(Main.run("train", "--resume", run, "train.steps=4")).isZero();
      assertThat(Main.run("sample", run, "--tokens", "2")).isZero();
      assertThat(Main.run("compare", run, run)).isZero();
      assertThat(Main.run("report", run)).isZero();
    } finally {
      System.setOut(out);
      Locale.setDefault(before);
    }
    Map<String, String> files = new TreeMap<>(Map.of("output", printed.toString(StandardCharsets.UTF_8)));
    try (Stream<Path> tree = Files.walk(folder)) {
      for (Path file : (Iterable<Path>) tree.filter(Files::isRegularFile)::iterator) {
        files.put(folder.relativize(file).toString().replaceFirst("-\\d{8}-\\d{6}", ""),
            new String(Files.readAllBytes(file), StandardCharsets.UTF_8));
      }
    }
    return files;
  }

  private static String numberless(String text) {
    return NUMBER.matcher(text).replaceAll("#");
  }
}
