package norma.train.data;

import norma.train.files.Sha256;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Locale;
import norma.train.config.RunConfig.Token;

/// A text to train on.
///
/// @param source where it came from: the built-in corpus with author and title, the absolute path, or the URL
/// @param token what it is made of
/// @param symbols (tokens) code points of the text, without a leading byte order mark, or bytes of the file, from 0 to 255; not copied, not
/// to be modified
/// @param sha256 of the raw bytes, a byte order mark included, as `sha256sum` prints it
public record Corpus(String source, Token token, int[] symbols, String sha256) {
  private static final int BYTE_ORDER_MARK = 0xFEFF;
  /// With as many the head costs as much as 43 blocks of the default model, 2 C V operations a token against 24 C^2.
  private static final int MOST_CHARACTERS = 1 << 16;

  /// The one place where bytes become tokens. As text they are strict UTF-8, and one leading byte order mark, which is a property of the
  /// file and not of the text, is stripped. A later one is a character like any other.
  ///
  /// @throws DataException if the bytes are not UTF-8, or the tokens too few or too many
  static Corpus of(String source, Token token, byte[] bytes) {
    int[] symbols = token == Token.BYTE ? unsigned(bytes) : characters(bytes, source);
    BitSet distinct = new BitSet();
    Arrays.stream(symbols).forEach(distinct::set);
    if (symbols.length == 0) {
      throw new DataException(source + " is empty: expected at least two distinct " + token.words());
    }
    if (distinct.cardinality() == 1) {
      throw new DataException("%s has one distinct %s, %s: there is nothing to learn; expected at least two"
          .formatted(source, token.word(), Vocabulary.describe(symbols[0])));
    }
    if (distinct.cardinality() > MOST_CHARACTERS) {
      throw new DataException(String.format(Locale.ROOT,
          "%s has %d distinct characters; expected at most %d: data.token=byte reads any file", source,
          distinct.cardinality(), MOST_CHARACTERS));
    }
    return new Corpus(source, token, symbols, Sha256.of(bytes));
  }

  /// From 0 to 255.
  static int[] unsigned(byte[] bytes) {
    int[] symbols = new int[bytes.length];
    for (int i = 0; i < symbols.length; i++) {
      symbols[i] = bytes[i] & 0xFF;
    }
    return symbols;
  }

  private static int[] characters(byte[] bytes, String source) {
    int[] codePoints = decoded(bytes, source);
    return codePoints.length > 0 && codePoints[0] == BYTE_ORDER_MARK
        ? Arrays.copyOfRange(codePoints, 1, codePoints.length)
        : codePoints;
  }

  /// Strict UTF-8 (RFC 3629): overlong forms, encoded surrogates and truncated sequences are refused, never replaced.
  private static int[] decoded(byte[] bytes, String source) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    try {
      return UTF_8.newDecoder().decode(in).codePoints().toArray();
    } catch (CharacterCodingException e) {
      int offset = in.position(); // of the first byte that begins no well-formed sequence
      throw new DataException(
          String.format(Locale.ROOT,
              "%s is not UTF-8: bad byte 0x%02X at offset %d: convert it to UTF-8 (for example with iconv) or repair it, or read its bytes, data.token=byte",
              source, bytes[offset] & 0xFF, offset),
          e);
    }
  }
}
