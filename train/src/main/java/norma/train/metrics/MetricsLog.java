package norma.train.metrics;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import norma.train.files.Disk;
import norma.train.files.Errors;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// Appends events to `metrics.jsonl`, one object a line. Numbers that are not finite become `null`; a norm's statistics that
/// do not apply are left out. A line that was written only in part, on a full disk, is overwritten by the next attempt.
public final class MetricsLog {
  static final String SLOPE = "squash_slope";
  /// What is no scalar of a slot.
  public static final Set<String> SLOT_FIELDS = Set.of("slot", "type", SLOPE, "inv_std", "saturation", "in_rms",
      "in_absmax", "in_kurtosis",
      "in_outliers", "out_rms", "out_absmax", "out_grad_rms", "update_ratio");

  /// What was cut off the log when a run went back to a checkpoint.
  static final String DISCARDED = "metrics.discarded.jsonl";

  private static final JsonMapper JSON = new JsonMapper();

  private static final Logger LOG = LogManager.getLogger(MetricsLog.class);

  private final Path file;
  private final Disk disk;
  private final Consumer<String> warnings;
  private final StringBuilder unwritten = new StringBuilder();
  private long length;
  private boolean failing;

  /// For one run folder; a file that is there already is continued.
  public MetricsLog(Path runFolder) throws IOException {
    this(runFolder, Disk.real(), LOG::warn);
  }

  /// @param warnings hears, in one line, when the log cannot be written
  public MetricsLog(Path runFolder, Disk disk, Consumer<String> warnings) throws IOException {
    this.file = runFolder.resolve(Metrics.FILE);
    this.disk = disk;
    this.warnings = warnings;
    this.length = disk.exists(file) ? Files.size(file) : 0;
  }

  /// Appends one line. It is with the operating system when this returns, unless that fails: then it waits in memory, and the
  /// next call tries again.
  public void append(Event event) {
    unwritten.append(json(event)).append('\n');
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
    byte[] bytes = unwritten.toString().getBytes(StandardCharsets.UTF_8);
    try {
      long size = disk.exists(file) ? Files.size(file) : 0;
      if (size < length) {
        warnings.accept(file + " has lost lines: it is " + size + " bytes long, and was " + length);
        length = size;
      }
      disk.writeEnd(file, length, bytes);
      length += bytes.length;
      unwritten.setLength(0);
      failing = false;
      return null;
    } catch (IOException e) {
      if (!failing) {
        warnings
            .accept("cannot write " + file + " (" + Errors.line(e) + "); training goes on, the lines wait in memory");
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

  /// Cuts the log back to a length. What was after it goes to the end of `metrics.discarded.jsonl`, first.
  ///
  /// @param reason a line of its own before what was cut
  public void cut(long bytes, String reason) throws IOException {
    unwritten.setLength(0);
    byte[] all = length == 0 ? new byte[0] : Files.readAllBytes(file);
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
    disk.writeEnd(file, kept, new byte[0]);
    disk.sync(file);
    length = kept;
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

  static String json(Event event) {
    ObjectNode node = JSON.createObjectNode();
    switch (event) {
      case Event.Start start -> {
        node.put("event", "start").put("step", start.step());
        start.fields().entrySet().stream().sorted(java.util.Map.Entry.comparingByKey())
            .forEach(field -> node.put(field.getKey(), field.getValue()));
      }
      case Event.Step step -> {
        node.put("event", "step").put("step", step.step()).put("tokens", step.tokens());
        put(node, "loss", step.loss());
        put(node, "lr", step.lr());
        put(node, "grad_norm", step.gradNorm());
        put(node, "step_ms", round(step.stepMillis(), 1e3));
        put(node, "tokens_per_s", round(step.tokensPerSecond(), 1));
        put(node, "elapsed_s", round(step.elapsedSeconds(), 1e3));
      }
      case Event.Eval eval -> {
        node.put("event", "eval").put("step", eval.step());
        put(node, "train_loss", eval.trainLoss());
        put(node, "val_loss", eval.valLoss());
        put(node, "val_bits_per_char", eval.valBitsPerChar());
        if (eval.valTokens() > 0) {
          node.put("val_tokens", eval.valTokens());
        }
      }
      case Event.Norm norm -> {
        node.put("event", "norm").put("step", norm.step());
        var slots = node.putArray("slots");
        norm.slots().forEach(slot -> slot(slots.addObject(), slot));
        put(node, "max_attention_logit", norm.maxAttentionLogit());
        put(node, "log_z", norm.logZ());
        put(node, "update_ratio", norm.updateRatio());
      }
      case Event.Layers layers -> {
        node.put("event", "layers").put("step", layers.step());
        var rows = node.putArray("layers");
        layers.layers().forEach(layer -> layer(rows.addObject(), layer));
      }
      case Event.Sample sample -> node.put("event", "sample").put("step", sample.step()).put("text", sample.text());
      case Event.Diverged diverged ->
        node.put("event", "diverged").put("step", diverged.step()).put("first_bad", diverged.firstBad());
      case Event.Rollback rollback -> {
        node.put("event", "rollback").put("step", rollback.step()).put("failed_step", rollback.failedStep())
            .put("first_bad", rollback.firstBad()).put("retry", rollback.retry());
        put(node, "lr_factor", rollback.lrFactor());
      }
      case Event.End end -> {
        node.put("event", "end").put("step", end.step()).put("reason", end.reason());
        put(node, "best_val_loss", end.bestValLoss());
        node.put("best_step", end.bestStep());
        if (end.bestValTokens() > 0) {
          node.put("best_val_tokens", end.bestValTokens());
        }
        put(node, "final_val_loss", end.finalValLoss());
      }
    }
    return JSON.writeValueAsString(node);
  }

  private static void slot(ObjectNode node, Event.Slot slot) {
    node.put("slot", slot.slot()).put("type", slot.type());
    slot.scalars().forEach((name, value) -> put(node, name, value));
    if (!Double.isNaN(slot.slope())) {
      put(node, SLOPE, slot.slope());
    }
    put(node, "inv_std", slot.invStd());
    if (!Double.isNaN(slot.saturation())) {
      put(node, "saturation", slot.saturation());
    }
    put(node, "in_rms", slot.inRms());
    put(node, "in_absmax", slot.inAbsmax());
    put(node, "in_kurtosis", slot.inKurtosis());
    put(node, "in_outliers", slot.inOutliers());
    put(node, "out_rms", slot.outRms());
    put(node, "out_absmax", slot.outAbsmax());
    put(node, "out_grad_rms", slot.outGradRms());
    put(node, "update_ratio", slot.updateRatio());
  }

  private static void layer(ObjectNode node, Event.Layer layer) {
    node.put("layer", layer.layer());
    put(node, "forward_ms", round(layer.forwardMillis(), 1e4));
    put(node, "backward_ms", round(layer.backwardMillis(), 1e4));
    put(node, "tokens_per_s", round(layer.tokensPerSecond(), 1));
    if (!Double.isNaN(layer.gflops())) {
      put(node, "gflops", round(layer.gflops(), 1e3));
    }
  }

  private static void put(ObjectNode node, String name, double value) {
    if (Double.isFinite(value)) {
      node.put(name, value);
    } else {
      node.putNull(name);
    }
  }

  private static double round(double value, double unit) {
    return Double.isFinite(value) ? Math.round(value * unit) / unit : value;
  }
}
