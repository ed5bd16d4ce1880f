package norma.train.study;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.jspecify.annotations.Nullable;

/// The right to work on one cell: a file that exists once and whose time is brought up to date while its owner lives.
///
/// A lease whose owner is gone can be taken over: at once if the owner was a process of this machine that does not exist any
/// more, else when its time stood still for [#STALE_SECONDS] by the watcher's own clock, so that clocks of
/// several machines need not agree. If two owners ever work on one cell, both compute the same result: nothing is lost but time.
final class Lease implements AutoCloseable {
  /// Between two signs of life.
  static final int BEAT_SECONDS = 5;
  /// Without a sign of life.
  static final int STALE_SECONDS = 60;

  /// Its place in `/proc/PID/stat` after the name, from 0: field 22 of proc(5).
  private static final int START_TIME = 19;

  private static final Logger LOG = LogManager.getLogger(Lease.class);

  private final Path file;
  private final String owner;
  private final Thread heart;

  private Lease(Path file, String owner) {
    this.file = file;
    this.owner = owner;
    this.heart = Thread.ofVirtual().name("norma-lease").start(this::live);
  }

  /// What one process has seen of others' leases.
  static final class Watcher {
    private record Sighting(FileTime time, long nanos) {}

    private final Map<Path, Sighting> sightings = new HashMap<>();
    private final long staleNanos;

    Watcher() {
      this(STALE_SECONDS * 1_000_000_000L);
    }

    Watcher(long staleNanos) {
      this.staleNanos = staleNanos;
    }

    /// Takes the lease if it is free or its owner is gone; null if somebody works on it.
    @Nullable
    Lease take(Path file) throws IOException {
      String owner = host() + " " + ProcessHandle.current().pid() + " " + started(ProcessHandle.current()) + " "
          + UUID.randomUUID();
      for (int attempt = 0; attempt < 2; attempt++) {
        try {
          Files.createDirectories(file.getParent());
          Files.writeString(file, owner, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
          sightings.remove(file);
          return new Lease(file, owner);
        } catch (FileAlreadyExistsException e) {
          String seen = content(file);
          if (!gone(file, seen)) {
            return null;
          }
          remove(file, seen);
        }
      }
      return null;
    }

    /// Empty if it was given back just now.
    private static String content(Path file) throws IOException {
      try {
        return Files.readString(file);
      } catch (NoSuchFileException e) {
        return "";
      }
    }

    private boolean gone(Path file, String content) throws IOException {
      try {
        String[] words = content.split(" ", -1);
        if (words.length == 4 && words[0].equals(host())) {
          return ProcessHandle.of(Long.parseLong(words[1])).filter(process -> started(process).equals(words[2]))
              .isEmpty();
        }
        FileTime time = Files.getLastModifiedTime(file);
        Sighting before = sightings.get(file);
        if (before == null || !before.time.equals(time)) {
          sightings.put(file, new Sighting(time, System.nanoTime()));
          return false;
        }
        return System.nanoTime() - before.nanos > staleNanos;
      } catch (NoSuchFileException e) {
        return false; // given back just now: the next round takes it
      } catch (NumberFormatException e) {
        return false; // being written
      }
    }

    /// Of several that find a lease stale, one moves it away. If it was another's by then, taken over in between, it is put back.
    private static void remove(Path file, String seen) throws IOException {
      Path aside = file.resolveSibling(file.getFileName() + "." + UUID.randomUUID());
      try {
        Files.move(file, aside, StandardCopyOption.ATOMIC_MOVE);
        if (content(aside).equals(seen)) {
          Files.deleteIfExists(aside);
        } else {
          Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE);
        }
      } catch (NoSuchFileException e) {
        return; // another one was faster
      }
    }
  }

  /// Whether a process of this machine holds it, or held it when it ended.
  static boolean isOf(Path file, long pid) throws IOException {
    return Watcher.content(file).startsWith(host() + " " + pid + " ");
  }

  /// Signs of life until it is given back or taken over, also during a step or an evaluation of minutes.
  private void live() {
    boolean warned = false;
    try {
      while (true) {
        Thread.sleep(Duration.ofSeconds(BEAT_SECONDS));
        try {
          if (!Files.readString(file).equals(owner)) {
            LOG.warn("{} was taken over by another worker, which repeats the run", file);
            return;
          }
          Files.setLastModifiedTime(file, FileTime.from(Instant.now()));
        } catch (IOException e) {
          if (!warned) {
            LOG.warn("no sign of life could be written to {}; another worker may repeat the run", file, e);
          }
          warned = true;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /// Gives it back, unless somebody else has it now.
  @Override
  public void close() throws IOException {
    heart.interrupt();
    try {
      if (Files.readString(file).equals(owner)) {
        Files.delete(file);
      }
    } catch (NoSuchFileException e) {
      return; // taken over and given back
    }
  }

  private static String host() {
    try {
      return InetAddress.getLocalHost().getHostName().replace(' ', '_');
    } catch (UnknownHostException e) {
      return "unknown-" + System.getProperty("user.name", "").replace(' ', '_');
    }
  }

  /// Tells a process from an earlier one with its number, and is the same for every process that asks, however often the clock was set
  /// meanwhile. Linux counts from the machine's start; [ProcessHandle.Info#startInstant] adds what the clock says of that.
  private static String started(ProcessHandle process) {
    try {
      String stat = Files.readString(Path.of("/proc", Long.toString(process.pid()), "stat"));
      String[] afterName = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip() + "-" + afterName[START_TIME];
    } catch (IOException e) {
      LOG.debug("no start time of process {} in /proc", process.pid(), e);
      return process.info().startInstant().map(start -> Long.toString(start.toEpochMilli())).orElse("0");
    }
  }
}
