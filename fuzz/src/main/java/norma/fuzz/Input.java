package norma.fuzz;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/// A file with a fuzzer's bytes in it, and the rules for reading it.
public final class Input {
  /// Buffers of libraries, a table of all Unicode characters, an error message with its stack trace.
  private static final long BASE_BYTES = 16 << 20;
  private static final int LONGEST_MESSAGE = 2000;
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final Path folder;
  private final Path file;
  private final int bytesPerByte;

  /// What reads a file.
  public interface Reader<T> {
    T read(Path file) throws IOException;
  }

  /// In a new folder.
  ///
  /// @param name         of the file, in a folder of its own
  /// @param bytesPerByte most heap that reading may take for each byte of the file
  public Input(String name, int bytesPerByte) {
    try {
      this.folder = Files.createTempDirectory("norma-fuzz-");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    folder.toFile().deleteOnExit();
    this.file = folder.resolve(name);
    file.toFile().deleteOnExit();
    this.bytesPerByte = bytesPerByte;
  }

  /// Where the file lies.
  public Path folder() {
    return folder;
  }

  /// What was read, or nothing if the bytes were refused, in a line for each thing that is wrong.
  ///
  /// @throws AssertionError if they were refused in another way, or reading took too much heap
  public <T> Optional<T> read(byte[] data, Reader<T> reader, Class<? extends Exception> refusal) {
    try {
      Files.write(file, data);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    long before = THREADS.getCurrentThreadAllocatedBytes();
    Optional<T> result = refusedOrRead(reader, refusal);
    long most = BASE_BYTES + (long) bytesPerByte * data.length;
    if (THREADS.getCurrentThreadAllocatedBytes() - before > most) {
      before = THREADS.getCurrentThreadAllocatedBytes(); // the first time may have loaded and instrumented classes
      result = refusedOrRead(reader, refusal);
      long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
      require(allocated <= most,
          data.length + " bytes of input took " + allocated + " of heap; expected at most " + most);
    }
    return result;
  }

  private <T> Optional<T> refusedOrRead(Reader<T> reader, Class<? extends Exception> refusal) {
    try {
      return Optional.of(reader.read(file));
    } catch (IOException | RuntimeException e) {
      String message = String.valueOf(e.getMessage());
      if (!(e instanceof IOException) && !refusal.isInstance(e)) {
        throw new AssertionError("not a refusal: " + e, e);
      }
      if (message.isEmpty() || Stream.of(message.split("\n", -1)).anyMatch(line -> line.length() > LONGEST_MESSAGE
          || line.codePoints().anyMatch(Character::isISOControl))) {
        throw new AssertionError("not short lines: " + message, e);
      }
      return Optional.empty();
    }
  }

  /// Fails unless a property of what was read holds.
  public static void require(boolean holds, String what) {
    if (!holds) {
      throw new AssertionError(what);
    }
  }
}
