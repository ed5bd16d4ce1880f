package norma.train.report;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// Appends events to `metrics.jsonl`, one object a line. Numbers that are not finite become `null`; a norm's statistics that
/// do not apply are left out.
public final class MetricsLog {
  static final Set<String> SLOT_FIELDS = Set.of("inv_std", "saturation", "in_rms", "in_absmax", "in_kurtosis",
      "in_outliers", "out_rms", "out_absmax", "out_grad_rms", "update_ratio");

  private static final JsonMapper JSON = new JsonMapper();

  private final Path file;

  /// For one run folder.
  public MetricsLog(Path runFolder) {
    this.file = runFolder.resolve(Metrics.FILE);
  }

  /// Appends one line. It is with the operating system when this returns.
  public void append(Event event) throws IOException {
    Files.writeString(file, json(event) + "\n", StandardCharsets.UTF_8, StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
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
      case Event.End end -> {
        node.put("event", "end").put("step", end.step()).put("reason", end.reason());
        put(node, "best_val_loss", end.bestValLoss());
        node.put("best_step", end.bestStep());
        put(node, "final_val_loss", end.finalValLoss());
      }
    }
    return JSON.writeValueAsString(node);
  }

  private static void slot(ObjectNode node, Event.Slot slot) {
    node.put("slot", slot.slot()).put("type", slot.type());
    slot.scalars().entrySet().stream().sorted(java.util.Map.Entry.comparingByKey())
        .forEach(scalar -> put(node, scalar.getKey(), scalar.getValue()));
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
