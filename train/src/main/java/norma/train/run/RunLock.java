package norma.train.run;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import norma.train.files.Errors;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.jspecify.annotations.Nullable;

/// The right to train in a run folder: the operating system's lock on the file `lock`, which ends with the process, however it
/// ends. The file stays: a process that deleted it could delete another's.
final class RunLock implements AutoCloseable {
  private static final Logger LOG = LogManager.getLogger(RunLock.class);

  private final FileChannel channel;

  private RunLock(FileChannel channel) {
    this.channel = channel;
  }

  /// Takes the lock.
  ///
  /// @throws RunException if another process has it
  static RunLock take(Path run) {
    Path file = run.resolve("lock");
    try {
      FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ,
          StandardOpenOption.WRITE);
      if (lock(channel, file) == null) {
        String owner = owner(channel);
        channel.close();
        throw new RunException(run + " is being trained by another process" + owner
            + "; wait for it, or stop it with Ctrl-C there");
      }
      return new RunLock(channel);
    } catch (IOException e) {
      throw new RunException("cannot lock " + run + ": " + Errors.line(e), e);
    }
  }

  /// Null if another has it.
  private static @Nullable FileLock lock(FileChannel channel, Path file) throws IOException {
    try {
      FileLock lock = channel.tryLock();
      if (lock != null) {
        channel.truncate(0);
        channel.write(ByteBuffer.wrap(Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.UTF_8)));
      }
      return lock;
    } catch (OverlappingFileLockException e) {
      LOG.debug("{} is locked by this process", file, e);
      return null;
    }
  }

  private static String owner(FileChannel channel) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(20); // digits of the largest long
    int length = channel.read(bytes, 0);
    String text = new String(bytes.array(), 0, Math.max(0, length), StandardCharsets.UTF_8);
    return text.matches("\\d+") ? " (" + text + ")" : "";
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
