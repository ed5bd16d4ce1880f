package norma.train.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.jspecify.annotations.Nullable;

/// The right to do what one process may do at a time: the operating system's lock on a file, which ends with the process, however it
/// ends. The file stays, since a process that deleted it could delete another's. It names the owner as long as the lock is held, and
/// afterwards if the owner was killed.
public final class ProcessLock implements AutoCloseable {
  private static final Logger LOG = LogManager.getLogger(ProcessLock.class);
  /// Files that this process has locked, or looks at. The system knows processes, not threads, and a process loses a lock when it closes the file
  /// anywhere (POSIX): whoever opens such a file has it here meanwhile.
  private static final Set<Place> OWN = ConcurrentHashMap.newKeySet();

  private final Place place;
  private final FileChannel channel;

  /// Which file it is, whichever path leads there.
  ///
  /// @param folder device and inode
  private record Place(Object folder, Path name) {
    static Place of(Path file) throws IOException {
      Path folder = file.resolveSibling("");
      Object key = Files.readAttributes(folder, BasicFileAttributes.class).fileKey();
      return new Place(key == null ? folder.toRealPath() : key, file.getFileName());
    }
  }

  private ProcessLock(Place place, FileChannel channel) {
    this.place = place;
    this.channel = channel;
  }

  /// Takes a lock.
  ///
  /// @param file in a folder that exists
  /// @return null if another process or another thread has it
  /// @throws IOException if the file cannot be written, or its file system has no locks
  public static @Nullable ProcessLock take(Path file) throws IOException {
    Place place = Place.of(file);
    if (!OWN.add(place)) {
      return null;
    }
    FileChannel channel = null;
    boolean taken = false;
    try {
      channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      if (channel.tryLock() != null) {
        taken = true;
        sign(channel);
      }
      return taken ? new ProcessLock(place, channel) : null;
    } finally {
      if (!taken) {
        release(place, channel);
      }
    }
  }

  /// Where a full disk does not take the number, the lock holds all the same, and [#holder] does not see it.
  private static void sign(FileChannel channel) {
    try {
      channel.truncate(0);
      channel.write(ByteBuffer.wrap(Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.UTF_8)));
    } catch (IOException e) {
      LOG.debug("a lock has no number of its process", e);
    }
  }

  /// The process that has a lock, or had it when it was killed; empty if nobody has it.
  public static OptionalLong owner(Path file) throws IOException {
    if (!Files.exists(file)) {
      return OptionalLong.empty(); // never locked
    }
    Place place = Place.of(file);
    if (!OWN.add(place)) {
      return OptionalLong.of(ProcessHandle.current().pid());
    }
    try {
      String text = Files.size(file) == 0 // as whoever ended in good order left it
          ? ""
          : new String(WholeFile.start(file, 20), StandardCharsets.ISO_8859_1);
      return text.matches("\\d{1,18}") ? OptionalLong.of(Long.parseLong(text)) : OptionalLong.empty();
    } finally {
      OWN.remove(place);
    }
  }

  /// The living process of this machine that has a lock; empty if it was killed, or if nobody has it.
  public static OptionalLong holder(Path file) throws IOException {
    OptionalLong owner = owner(file);
    return owner.isPresent() && ProcessHandle.of(owner.getAsLong()).isPresent() && isHeld(file)
        ? owner
        : OptionalLong.empty();
  }

  /// Another process may have the number of one that was killed: in a container all are number 1.
  private static boolean isHeld(Path file) throws IOException {
    Place place = Place.of(file);
    if (!OWN.add(place)) {
      return true;
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
        FileLock lock = channel.tryLock(0, Long.MAX_VALUE, true)) {
      return lock == null;
    } finally {
      OWN.remove(place);
    }
  }

  private static void release(Place place, @Nullable FileChannel channel) throws IOException {
    try {
      if (channel != null) {
        channel.close();
      }
    } finally {
      OWN.remove(place); // after the file is closed, or another thread's lock would end with it
    }
  }

  @Override
  public void close() throws IOException {
    try {
      channel.truncate(0);
    } finally {
      release(place, channel);
    }
  }
}
