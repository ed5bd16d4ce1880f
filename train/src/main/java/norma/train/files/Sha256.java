package norma.train.files;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// SHA-256 in lower-case hexadecimal digits, as `sha256sum` prints it.
public final class Sha256 {
  private Sha256() {}

  /// Of a file's bytes.
  public static String of(Path file) throws IOException {
    MessageDigest digest = digest();
    Files.copy(file, new DigestOutputStream(OutputStream.nullOutputStream(), digest)); // it may be larger than the heap
    return HexFormat.of().formatHex(digest.digest());
  }

  /// Of bytes.
  public static String of(byte[] bytes) {
    return HexFormat.of().formatHex(digest().digest(bytes));
  }

  private static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }
}
