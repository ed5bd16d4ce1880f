package norma.train.metrics;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.Consumer;
import norma.train.files.Disk;
import norma.train.files.GrowingFile;
import tools.jackson.databind.json.JsonMapper;

/// Appends events to `metrics.jsonl`, one object a line. A line that was written only in part, on a full disk, is overwritten by the next attempt.
public final class MetricsLog {
  /// What was cut off the log when a run went back to a checkpoint.
  static final String DISCARDED = "metrics.discarded.jsonl";

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
    byte[] all = length() == 0 ? new byte[0] : Files.readAllBytes(file);
    if (all.length < bytes) {
      warnings.accept(file + " has lost lines: it is " + all.length + " bytes long where the checkpoint says " + bytes);
    }
    int kept = lineEnd(all, (int) Math.min(bytes, all.length));
    if (kept < all.length) {
      byte[] cut = Arrays.copyOfRange(all, kept, all.length);
      boolean torn = cut[cut.length - 1] != '\n';
      if (torn) {
        warnings.accept("the last line of " + file + " was cut off in the middle of writing; it is left out");
      }
      discard(JSON.writeValueAsString(JSON.createObjectNode().put("event", "cut").put("reason", reason)) + "\n"
          + new String(cut, StandardCharsets.UTF_8) + (torn ? "\n" : ""));
    }
    lines.cut(kept);
  }

  /// The end of the last whole line that ends at or before a position.
  private static int lineEnd(byte[] bytes, int position) {
    int end = position;
    while (end > 0 && bytes[end - 1] != '\n') {
      end--;
    }
    return end;
  }

  private void discard(String text) throws IOException {
    Path discarded = file.resolveSibling(DISCARDED);
    disk.writeEnd(discarded, disk.exists(discarded) ? Files.size(discarded) : 0,
        text.getBytes(StandardCharsets.UTF_8));
    disk.sync(discarded);
    disk.sync(Objects.requireNonNull(discarded.toAbsolutePath().getParent())); // it may be new, and the log is cut next
  }
}
