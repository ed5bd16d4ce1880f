package norma.train.metrics;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.function.Consumer;
import norma.train.files.Disk;
import norma.train.files.GrowingFile;
import tools.jackson.databind.json.JsonMapper;

/// Appends events to `metrics.jsonl`, one object a line. A line that was written only in part, on a full disk, is overwritten by the next attempt.
public final class MetricsLog {
  /// What was cut off the log when a run went back to a checkpoint.
  public static final String DISCARDED = "metrics.discarded.jsonl";

  private static final int PIECE = 1 << 20; // bytes that are copied at once
  private static final JsonMapper JSON = new JsonMapper();

  private final Path file;
  private final Disk disk;
  private final Consumer<String> warnings;
  private final RunView view;
  private final GrowingFile lines;

  /// The log of one run folder; a file that is there already is continued.
  ///
  /// @param warnings hears, in one line, when the log cannot be written
  /// @param view     sees every event that is appended
  public MetricsLog(Path runFolder, Disk disk, Consumer<String> warnings, RunView view) throws IOException {
    this.file = runFolder.resolve(Metrics.FILE);
    this.disk = disk;
    this.warnings = warnings;
    this.view = view;
    this.lines = new GrowingFile(file, disk, warnings);
  }

  /// Appends one line. It is with the operating system when this returns, unless that fails: then it waits in memory, and the
  /// next call tries again.
  public void append(Event event) {
    lines.append((Metrics.line(event) + "\n").getBytes(StandardCharsets.UTF_8));
    view.append(event);
  }

  /// Writes what is waiting.
  ///
  /// @return whether nothing is waiting any more
  public boolean flush() {
    return lines.flush();
  }

  /// The same where it must not fail.
  public void flushOrFail() throws IOException {
    lines.flushOrFail();
  }

  /// Returns when all that was written is on the disk.
  public void sync() throws IOException {
    lines.sync();
  }

  /// Bytes that are written.
  public long length() {
    return lines.length();
  }

  /// Cuts the log back to a length. What was after it goes to the end of `metrics.discarded.jsonl`, first.
  ///
  /// @param reason a line of its own before what was cut
  public void cut(long bytes, String reason) throws IOException {
    long size = length() == 0 ? 0 : Files.size(file);
    if (size < bytes) {
      warnings.accept(file + " has lost lines: it is " + size + " bytes long where the checkpoint says " + bytes);
    }
    long kept = lineEnd(file, Math.min(bytes, size));
    if (kept < size) {
      boolean torn = lineEnd(file, size) < size;
      if (torn) {
        warnings.accept("the last line of " + file + " was cut off in the middle of writing; it is left out");
      }
      discard(JSON.writeValueAsString(JSON.createObjectNode().put("event", "cut").put("reason", reason)) + "\n", kept,
          torn ? "\n" : "");
    }
    lines.cut(kept);
  }

  /// The end of the last whole line that ends at or before a position.
  private static long lineEnd(Path file, long position) throws IOException {
    if (position == 0) {
      return 0; // there may be no file
    }
    try (RandomAccessFile log = new RandomAccessFile(file.toFile(), "r")) {
      for (long end = position; end > 0; end--) {
        log.seek(end - 1);
        if (log.read() == '\n') {
          return end;
        }
      }
      return 0;
    }
  }

  /// Appends what the log has from a position on to what was cut off before, in pieces: it may be more than the heap has.
  private void discard(String before, long position, String after) throws IOException {
    Path discarded = file.resolveSibling(DISCARDED);
    long end = disk.exists(discarded) ? lineEnd(discarded, Files.size(discarded)) : 0; // behind what an attempt may have torn
    try (InputStream log = Files.newInputStream(file);
        InputStream all = new SequenceInputStream(new SequenceInputStream(bytes(before), log), bytes(after))) {
      log.skipNBytes(position);
      for (byte[] piece = all.readNBytes(PIECE); piece.length > 0; piece = all.readNBytes(PIECE)) {
        disk.writeEnd(discarded, end, piece);
        end += piece.length;
      }
    }
    disk.sync(discarded);
    disk.sync(Objects.requireNonNull(discarded.toAbsolutePath().getParent())); // it may be new, and the log is cut next
  }

  private static InputStream bytes(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
  }
}
