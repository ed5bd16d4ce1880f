package norma.train.run;

import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalLong;
import norma.train.files.Errors;
import norma.train.files.ProcessLock;

/// The right to train in a run folder: the lock on its file `lock`.
final class RunLock implements AutoCloseable {
  private final ProcessLock lock;

  private RunLock(ProcessLock lock) {
    this.lock = lock;
  }

  /// Takes the lock.
  ///
  /// @throws RunException if another process has it
  static RunLock take(Path run) {
    Path file = run.resolve("lock");
    try {
      ProcessLock lock = ProcessLock.take(file);
      if (lock == null) {
        OptionalLong owner = ProcessLock.owner(file);
        throw new RunException(run + " is being trained by another process"
            + (owner.isPresent() ? " (" + owner.getAsLong() + ")" : "")
            + "; wait for it, or stop it with Ctrl-C there");
      }
      return new RunLock(lock);
    } catch (IOException e) {
      throw new RunException("cannot lock " + run + ": " + Errors.line(e), e);
    }
  }

  @Override
  public void close() throws IOException {
    lock.close();
  }
}
