package norma.train.files;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.ReadOnlyFileSystemException;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Set;

/// `java.nio.file`. Whatever goes wrong is an [IOException].
final class RealDisk implements Disk {
  /// What the system says of a folder where a file system has no such operation for folders (EINVAL, EBADF): shared folders of virtual
  /// machines, old CIFS and 9p.
  private static final Set<String> NO_SYNC = Set.of("Invalid argument", "Bad file descriptor");

  @Override
  public void createFolder(Path folder) throws IOException {
    checked(() -> Files.createDirectory(folder));
  }

  @Override
  public void write(Path file, Content content) throws IOException {
    checked(() -> content.to(file));
  }

  @Override
  public void writeEnd(Path file, long position, byte[] bytes) throws IOException {
    checked(() -> {
      try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
        out.position(position);
        for (ByteBuffer rest = ByteBuffer.wrap(bytes); rest.hasRemaining();) {
          out.write(rest);
        }
        out.truncate(position + bytes.length);
      }
    });
  }

  @Override
  public void sync(Path fileOrFolder) throws IOException {
    try (FileChannel channel = FileChannel.open(fileOrFolder, StandardOpenOption.READ)) { // Linux syncs what is open for reading
      channel.force(true);
    } catch (IOException e) {
      if (!Files.isDirectory(fileOrFolder) || !NO_SYNC.contains(String.valueOf(e.getMessage()))) {
        throw e;
      }
    }
  }

  @Override
  public void move(Path from, Path to) throws IOException {
    checked(() -> Files.move(from, to, StandardCopyOption.ATOMIC_MOVE));
  }

  @Override
  public void delete(Path path) throws IOException {
    checked(() -> Files.delete(path));
  }

  @Override
  public boolean exists(Path path) {
    return Files.exists(path, LinkOption.NOFOLLOW_LINKS);
  }

  private interface Operation {
    void run() throws IOException;
  }

  private static void checked(Operation operation) throws IOException {
    try {
      operation.run();
    } catch (UncheckedIOException e) {
      throw new IOException(e.getMessage(), e);
    } catch (ReadOnlyFileSystemException e) {
      throw new IOException(Errors.line(e), e);
    }
  }
}
