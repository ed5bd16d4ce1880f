package norma.e2e;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/// A file system of a few megabytes in memory. It is mounted in a process of its own, which no other process sees, and reached
/// through that process's folder in `/proc`; it ends with the process.
///
/// @param owner the process
/// @param root  of the file system, for any process of the same user
record SmallDisk(Process owner, Path root) implements AutoCloseable {
  private static final String FILLER = "filler";

  /// Skips the test, and says why, where the system does not let users mount.
  ///
  /// @param point an empty folder
  static SmallDisk mount(Path point, int megabytes) throws IOException, InterruptedException {
    String script = "mount -t tmpfs -o size=" + megabytes + "m tmpfs \"$0\" && echo mounted && exec cat";
    Process process = new ProcessBuilder(List.of("unshare", "--map-root-user", "--mount", "sh", "-c", script,
        point.toString())).redirectErrorStream(true).start();
    BufferedReader output = process.inputReader();
    String line = output.readLine();
    if (!"mounted".equals(line)) {
      Launcher.end(process);
      Assumptions.abort("no file system of the test's own: " + line);
    }
    return new SmallDisk(process, Path.of("/proc", Long.toString(process.pid()), "root").resolve(
        Path.of("/").relativize(point)));
  }

  /// Takes all the space that is left.
  void fill() throws IOException {
    byte[] page = new byte[4096];
    try (OutputStream out = Files.newOutputStream(root.resolve(FILLER), StandardOpenOption.CREATE,
        StandardOpenOption.APPEND)) {
      while (true) {
        out.write(page);
      }
    } catch (IOException e) {
      if (!String.valueOf(e.getMessage()).contains("No space left")) {
        throw e;
      }
    }
  }

  /// Gives it back.
  void makeRoom() throws IOException {
    Files.delete(root.resolve(FILLER));
  }

  @Override
  public void close() throws IOException {
    try {
      Launcher.end(owner);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
