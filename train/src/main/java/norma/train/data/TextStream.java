package norma.train.data;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.util.function.IntPredicate;
import norma.train.config.RunConfig.Token;

/// Characters from tokens, as they come. Bytes wait until their character is complete; U+FFFD stands for those that are none.
public final class TextStream {
  private final Vocabulary vocabulary;
  private final IntPredicate out;
  private final CharsetDecoder utf8 = UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPLACE);
  private final ByteBuffer waiting = ByteBuffer.allocate(4); // longest sequence of UTF-8
  private final CharBuffer characters = CharBuffer.allocate(8);

  /// @param out takes a code point, and says whether it wants another
  public TextStream(Vocabulary vocabulary, IntPredicate out) {
    this.vocabulary = vocabulary;
    this.out = out;
  }

  /// Takes a token.
  ///
  /// @return whether another is wanted
  public boolean take(int token) {
    if (vocabulary.token() == Token.CHAR) {
      return out.test(vocabulary.character(token));
    }
    waiting.put((byte) token);
    return decode(false);
  }

  /// No token follows: what is incomplete will not be a character.
  public void end() {
    decode(true);
  }

  private boolean decode(boolean end) {
    utf8.decode(waiting.flip(), characters, end);
    waiting.compact();
    boolean wanted = characters.flip().codePoints().allMatch(out);
    characters.clear();
    return wanted;
  }
}
