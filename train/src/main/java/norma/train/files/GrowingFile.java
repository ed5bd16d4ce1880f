package norma.train.files;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A file that is written at its end while others read it. What cannot be written, on a full disk, waits in memory, and the next call
/// tries again; what was written only in part is overwritten then.
public final class GrowingFile {
  private final Path file;
  private final Disk disk;
  private final Consumer<String> warnings;
  private final ByteArrayOutputStream unwritten = new ByteArrayOutputStream();
  private long length;
  private boolean failing;

  /// A file that is there already is continued.
  ///
  /// @param warnings hears, in one line, when it cannot be written
  public GrowingFile(Path file, Disk disk, Consumer<String> warnings) throws IOException {
    this.file = file;
    this.disk = disk;
    this.warnings = warnings;
    this.length = disk.exists(file) ? Files.size(file) : 0;
  }

  /// Appends bytes. They are with the operating system when this returns, unless that fails.
  public void append(byte[] bytes) {
    unwritten.writeBytes(bytes);
    flush();
  }

  /// Writes what is waiting.
  ///
  /// @return whether nothing is waiting any more
  public boolean flush() {
    return write() == null;
  }

  /// The same where it must not fail.
  public void flushOrFail() throws IOException {
    IOException failure = write();
    if (failure != null) {
      throw failure;
    }
  }

  private @Nullable IOException write() {
    try {
      long size = disk.exists(file) ? Files.size(file) : 0;
      if (size < length) {
        warnings.accept(file + " has lost its end: it is " + size + " bytes long, and was " + length);
        length = size;
      }
      disk.writeEnd(file, length, unwritten.toByteArray());
      length += unwritten.size();
      unwritten.reset();
      failing = false;
      return null;
    } catch (IOException e) {
      if (!failing) {
        warnings.accept("cannot write " + file + " (" + Errors.line(e)
            + "); training goes on, what is missing waits in memory");
      }
      failing = true;
      return e;
    }
  }

  /// Returns when all that was written is on the disk.
  public void sync() throws IOException {
    if (length > 0) {
      disk.sync(file);
    }
  }

  /// Bytes that are written.
  public long length() {
    return length;
  }

  /// Cuts the file to a length, on the disk, and forgets what is waiting.
  public void cut(long bytes) throws IOException {
    unwritten.reset();
    disk.writeEnd(file, bytes, new byte[0]);
    disk.sync(file);
    length = bytes;
  }
}
