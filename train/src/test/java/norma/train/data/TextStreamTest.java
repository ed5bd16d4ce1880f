package norma.train.data;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TextStreamTest {
  private final StringBuilder text = new StringBuilder();
  private final TextStream bytes = new TextStream(Vocabulary.bytes(), character -> {
    text.appendCodePoint(character);
    return character != '!';
  });

  @Test
  void aCharacterComesWithItsLastByte() {
    StringBuilder lengths = new StringBuilder();
    for (byte b : "a\u00E9\u20AC\uD83D\uDE00".getBytes(UTF_8)) {
      assertThat(bytes.take(b & 0xFF)).isTrue();
      lengths.append(text.codePointCount(0, text.length()));
    }
    assertThat(text).hasToString("a\u00E9\u20AC\uD83D\uDE00");
    assertThat(lengths).hasToString("1122233334"); // after each byte
    assertThat(bytes.take('!')).isFalse();
  }

  @ParameterizedTest
  @CsvSource({ "E282 41, \uFFFDA, \uFFFDA", "C3, '', \uFFFD", "80 FF 41, \uFFFD\uFFFDA, \uFFFD\uFFFDA",
      "F09F98, '', \uFFFD" })
  void whatIsNoCharacterIsReplacedOnce(String hex, String streamed, String ended) {
    for (byte b : HexFormat.of().parseHex(hex.replace(" ", ""))) {
      bytes.take(b & 0xFF);
    }
    assertThat(text).hasToString(streamed);
    bytes.end();
    assertThat(text).hasToString(ended);
  }

  /// The outside oracle is Java's own decoder, of the whole at once.
  @Test
  void anyBytesGiveTheTextThatTheyAreAsAWhole() {
    Random random = new Random(7);
    byte[] all = new byte[20_000];
    for (int i = 0; i < all.length; i++) {
      all[i] = (byte) (random.nextInt(3) > 0 ? 0x80 | random.nextInt(128) : random.nextInt(0x20, 0x100));
    }
    int[] tokens = Corpus.unsigned(all);
    for (int token : tokens) {
      bytes.take(token);
    }
    bytes.end();
    assertThat(text.toString()).isEqualTo(new String(all, UTF_8)).isEqualTo(Vocabulary.bytes().decode(tokens));
  }
}
