package norma.train.data;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.util.Locale;

/// Strict UTF-8 (RFC 3629): overlong forms, encoded surrogates and truncated sequences are refused, never replaced.
final class Utf8 {
  private static final int CHUNK_CHARS = 1 << 16;

  private Utf8() {}

  /// The code points of `bytes`, a byte order mark included.
  ///
  /// @param where names the bytes in the message
  /// @throws DataException with the offset of the first byte that does not begin a well-formed sequence
  static int[] decode(byte[] bytes, String where) {
    int[] codePoints = new int[sequences(bytes)];
    int count = 0;
    ByteBuffer in = ByteBuffer.wrap(bytes);
    // In chunks, so that a corpus of a GiB does not need its chars beside its bytes and code points.
    CharBuffer out = CharBuffer.allocate(CHUNK_CHARS);
    CharsetDecoder decoder = UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT);
    CoderResult result;
    do {
      result = decoder.decode(in, out, true);
      if (result.isError()) {
        int offset = in.position();
        throw new DataException(
            String.format(Locale.ROOT,
                "%s is not UTF-8: bad byte 0x%02X at offset %d: convert it to UTF-8 (for example with iconv) or repair it",
                where, bytes[offset] & 0xFF, offset));
      }
      // The decoder writes a surrogate pair whole or not at all, so no pair straddles two chunks.
      out.flip();
      for (int i = 0; i < out.length(); i += Character.charCount(codePoints[count++])) {
        codePoints[count] = Character.codePointAt(out, i);
      }
      out.clear();
    } while (result.isOverflow());
    assert count == codePoints.length;
    return codePoints;
  }

  /// The number of bytes that are no continuation byte (`10xxxxxx`): the code points, where `bytes` is well-formed.
  private static int sequences(byte[] bytes) {
    int count = 0;
    for (byte b : bytes) {
      if ((b & 0xC0) != 0x80) {
        count++;
      }
    }
    return count;
  }
}
