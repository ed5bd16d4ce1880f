package norma.train.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
  /// Digits of another script, and what Turkish makes of I and i.
  private static final Pattern FOREIGN = Pattern.compile("[\\p{Nd}\u0130\u0131&&[^0-9]]");

  @TempDir
  private static Path plainFolder;
  private static Map<String, String> plain = Map.of();

  @BeforeAll
  static void trainWithoutALanguage() throws IOException {
    plain = filesOf(Locale.ROOT, plainFolder);
    assertThat(plain.keySet()).anySatisfy(name -> assertThat(name).endsWith("checkpoints/step-0000004/manifest.json"));
  }

  /// Digits of their own as in Persian, and the dotless i of Turkish.
  @ParameterizedTest
  @ValueSource(strings = { "fa-IR", "tr-TR" })
  void aRunInAnotherLanguageLeavesTheSameFiles(String language, @TempDir Path folder) throws IOException {
    Map<String, String> files = filesOf(Locale.forLanguageTag(language), folder);
    assertThat(files.keySet()).isEqualTo(plain.keySet());
    files.forEach((name, text) -> {
      String expected = plain.getOrDefault(name, "");
      if (name.endsWith(".safetensors")) {
        assertThat(text).as(name).isEqualTo(expected);
      } else if (!name.endsWith("/state")) {
        assertThat(text).as(name).doesNotContainPattern(FOREIGN);
      }
      if (name.matches(".*\\.(yaml|json|jsonl|csv)")) {
        assertThat(numberless(text)).as(name).isEqualTo(numberless(expected));
      }
    });
  }

  /// What training, going on, comparing and reporting print and leave.
  private static Map<String, String> filesOf(Locale locale, Path folder) throws IOException {
    Locale before = Locale.getDefault();
    Path runs = folder.resolve("runs");
    Path text = Files.writeString(folder.resolve("text.txt"), "The quick brown fox IS quick.\n".repeat(30));
    String printed;
    Locale.setDefault(locale);
    try {
      printed = Outcome.ok("train", "configs/tiny.yaml", "model.layers=1", "model.context=8", "train.steps=2",
          "train.checkpoint_every=2", "data.corpus='" + text + "'", "output.dir='" + runs + "'");
      String run = Tree.list(runs).getFirst().toString();
      for (List<String> command : List.of(List.of("train", "--resume", run, "train.steps=4"),
          List.of("sample", run, "--tokens", "2"), List.of("compare", run, run), List.of("report", run))) {
        printed += Outcome.ok(command);
      }
    } finally {
      Locale.setDefault(before);
    }
    Map<String, String> files = new TreeMap<>(Map.of("output", printed));
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
