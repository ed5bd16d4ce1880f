package norma.train.data;

import norma.train.files.Sha256;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.Arrays;
import java.util.Locale;

/// A text to train on.
///
/// @param name a short name: that of the built-in corpus, or the file's
/// @param source where it came from: the built-in corpus with author and title, the absolute path, or the URL
/// @param codePoints (characters) the text, without a leading byte order mark; not copied, not to be modified
/// @param sha256 of the raw bytes, a byte order mark included, as `sha256sum` prints it
@SuppressWarnings("ArrayRecordComponent") // Corpora are never compared, and an array of millions is not copied.
public record Corpus(String name, String source, int[] codePoints, String sha256) {
  private static final int BYTE_ORDER_MARK = 0xFEFF;

  /// The one place where bytes become text: strict UTF-8, and one leading byte order mark, which is a property of the
  /// file and not of the text, is stripped. A later one is a character like any other.
  ///
  /// @throws DataException if the bytes are not UTF-8 or hold fewer than two distinct characters
  static Corpus of(String name, String source, byte[] bytes) {
    int[] codePoints = decoded(bytes, source);
    if (codePoints.length > 0 && codePoints[0] == BYTE_ORDER_MARK) {
      codePoints = Arrays.copyOfRange(codePoints, 1, codePoints.length);
    }
    if (codePoints.length == 0) {
      throw new DataException(source + " is empty: expected a UTF-8 text with at least two distinct characters");
    }
    int first = codePoints[0];
    if (Arrays.stream(codePoints).allMatch(c -> c == first)) {
      throw new DataException("%s has one distinct character, %s: there is nothing to learn; expected at least two"
          .formatted(source, Vocabulary.describe(first)));
    }
    return new Corpus(name, source, codePoints, Sha256.of(bytes));
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
              "%s is not UTF-8: bad byte 0x%02X at offset %d: convert it to UTF-8 (for example with iconv) or repair it",
              source, bytes[offset] & 0xFF, offset),
          e);
    }
  }
}
