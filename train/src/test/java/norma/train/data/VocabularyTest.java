package norma.train.data;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class VocabularyTest {
  private static final String HARD = "e\u0301 \u00E9\r\n\t\"\\/\u0000\u2028\uFEFF\uFFFF👩‍💻👍🏽🇫🇷\uDBFF\uDFFF";

  @TempDir
  Path folder = Path.of("set by JUnit");

  @Test
  void idsFollowTheCodePointsNotTheirUtf16Order() {
    // In UTF-16 the emoji's surrogates sort before U+FFFD.
    Vocabulary vocabulary = of("\uFFFDb😀a\nb");
    assertThat(vocabulary.size()).isEqualTo(5);
    assertThat(vocabulary.decode(new int[]{ 0, 1, 2, 3, 4 })).isEqualTo("\nab\uFFFD😀");
    assertThat(vocabulary.encode("😀ab")).containsExactly(4, 1, 2);
    assertThat(vocabulary.character(4)).isEqualTo(0x1F600);
  }

  @ParameterizedTest
  @ValueSource(strings = { "\r\n\n\r", "e\u0301\u00E9e\u0302\u0301", "👩‍💻👍🏽🇫🇷👨‍👩‍👧‍👦", "a\uFEFFb", HARD })
  void textComesBackExactly(String text) {
    Vocabulary vocabulary = of(text);
    assertThat(vocabulary.decode(vocabulary.encode(text))).isEqualTo(text);
    assertThat(vocabulary.encode(text.codePoints().toArray())).isEqualTo(vocabulary.encode(text));
  }

  @ParameterizedTest
  @ValueSource(longs = { 1, 2, 3, 4, 5 })
  void anyTextComesBackExactlyAlsoThroughTheFile(long seed) throws IOException {
    int[] points = new Random(seed).ints(0, 0x110000).filter(c -> c < 0xD800 || c > 0xDFFF).limit(2000).toArray();
    String text = new String(points, 0, points.length);
    Vocabulary vocabulary = Vocabulary.of(points);
    Vocabulary read = read(vocabulary.json());
    assertThat(read).isEqualTo(vocabulary);
    assertThat(read.decode(vocabulary.encode(text))).isEqualTo(text);
  }

  @Test
  void emptyTextIsNoTokens() {
    assertThat(of("ab").encode("")).isEmpty();
    assertThat(of("ab").decode(new int[0])).isEmpty();
  }

  @Test
  void equalVocabulariesAreThoseWithTheSameCharacters() {
    assertThat(of("abba")).isEqualTo(of("ba")).hasSameHashCodeAs(of("ba")).isNotEqualTo(of("abc"));
  }

  @Test
  void anUnknownCharacterIsNamed() {
    assertThatThrownBy(() -> of("abc").encode("aéb😀é")).isInstanceOf(DataException.class)
        .hasMessage("'é' (U+00E9), '😀' (U+1F600) not in the vocabulary of 3 characters:"
            + " use only characters of the training corpus");
  }

  @ParameterizedTest
  @CsvSource({ "0x0A, LINE FEED (LF) (U+000A)", "0x301, COMBINING ACUTE ACCENT (U+0301)", "0x20, SPACE (U+0020)",
      "0xD83D, HIGH SURROGATES D83D (U+D83D)", "0x200D, ZERO WIDTH JOINER (U+200D)", "0x62, 'b' (U+0062)",
      "0x10FFFF, null (U+10FFFF)" })
  void anUnknownCharacterWithoutAGlyphIsNamedByItsUnicodeName(String codePoint, String name) {
    assertThatThrownBy(() -> of("a").encode(new int[]{ Integer.decode(codePoint) })).isInstanceOf(DataException.class)
        .hasMessageStartingWith(name + " not in");
  }

  @Test
  void tenUnknownCharactersAreNamedAndTheRestCounted() {
    assertThatThrownBy(() -> of("z").encode("abcdefghij")).hasMessageContaining("'j' (U+006A) not in");
    assertThatThrownBy(() -> of("z").encode("abcdefghijklm")).hasMessageContaining("'j' (U+006A) and 3 more not in")
        .message().doesNotContain("'k'");
  }

  @Test
  void surrogatesAndNothingAreNoVocabulary() {
    assertThatThrownBy(() -> Vocabulary.of(new int[0])).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> of("a\uD83D")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Vocabulary.of(new int[]{ 0x110000 })).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void theFileIsAJsonArrayOfStrings() {
    assertThat(of("é\"b\n😀").json()).isEqualTo("[\"\\n\",\"\\\"\",\"b\",\"é\",\"😀\"]");
  }

  @Test
  void escapesAreRead() throws IOException {
    assertThat(read("[\"\\n\", \"\\u00e9\",\n \"\\ud83d\\ude00\"]")).isEqualTo(of("\né😀"));
  }

  @ParameterizedTest
  @ValueSource(strings = { "", "{}", "\"ab\"", "[]", "null", "[\"a\",\"b\"", "[\"a\"] []", "[\"a\",]", "['a']",
      "\uFEFF[\"a\"]", "[\"b\",\"a\"]", "[\"a\",\"a\"]", "[\"a\",\"bc\"]", "[\"a\",\"\"]", "[\"a\",null]", "[1,2]",
      "[[\"a\"]]", "[\"\\ud83d\"]", "[\"e\\u0301\"]", "[[[[[[[[[[[[[[[[[[[[1e", "x\0\0 [", "[\"\\u001b[2J\"]",
      "[\"\\ufffd\",\"a\",\"\\ud83d\\ude00\"]" })
  void anythingElseIsRefusedWithTheFilesName(String json) {
    assertThatThrownBy(() -> read(json)).isInstanceOf(DataException.class)
        .hasMessageContaining(folder.resolve("vocab.json").toString()).message().matches("\\P{Cntrl}{1,500}");
  }

  @Test
  void theMessageNamesTheEntry() {
    assertThatThrownBy(() -> read("[\"a\",\"b\",\"b\"]")).hasMessageContaining(
        "entry 2, 'b' (U+0062), repeats 'b' (U+0062)");
    assertThatThrownBy(() -> read("[\"a\",\"c\",\"b\"]")).hasMessageContaining(
        "entry 2, 'b' (U+0062), comes after 'c' (U+0063)");
    assertThatThrownBy(() -> read("[\"a\",\"bc\"]")).hasMessageContaining("entry 1 is \"bc\"");
    assertThatThrownBy(() -> read("[\"a\",\n\"b\" \"c\"]")).hasMessageContaining("line 2, column");
  }

  @Test
  void aFileThatIsMissingOrNotUtf8IsRefused() throws IOException {
    Path file = folder.resolve("vocab.json");
    assertThatThrownBy(() -> Vocabulary.read(file)).isInstanceOf(DataException.class)
        .hasMessageContaining(file.toString());
    byte[] bytes = "[\"a\",\"?\"]".getBytes(UTF_8);
    bytes[6] = (byte) 0xE9;
    Files.write(file, bytes);
    assertThatThrownBy(() -> Vocabulary.read(file)).isInstanceOf(DataException.class)
        .hasMessageContaining("bad byte 0xE9 at offset 6");
  }

  private Vocabulary read(String json) throws IOException {
    return Vocabulary.read(Files.writeString(folder.resolve("vocab.json"), json));
  }

  private static Vocabulary of(String text) {
    return Vocabulary.of(text.codePoints().toArray());
  }
}
