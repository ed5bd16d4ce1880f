package norma.train.metrics;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import norma.train.files.Json;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/// The events of a run, as `metrics.jsonl` tells them.
///
/// @param events every known event in file order; a file of several attempts may repeat steps, see [#of(Class)]
/// @param torn   whether the last line was cut off in the middle of writing; it is left out
public record Metrics(List<Event> events, boolean torn) {
  /// The file's name in a run folder.
  public static final String FILE = "metrics.jsonl";

  /// No sound run has a larger number; the range of a chart's axis and the distance of its ticks must be finite.
  private static final double LARGEST = 1e100;
  /// Two million lines.
  private static final int MAX_BYTES = 512 << 20;

  public Metrics {
    events = List.copyOf(events);
  }

  /// Reads a run folder. Unknown events and unknown fields are passed over.
  ///
  /// @throws IOException if there is no such file, or a line before the last cannot be read; the message is one line
  public static Metrics read(Path runFolder) throws IOException {
    Path file = runFolder.resolve(FILE);
    if (!Files.exists(file)) {
      throw new NoSuchFileException(file.toString(), null, "not a run folder: a run writes this file when it starts");
    }
    if (Files.size(file) > MAX_BYTES) {
      throw new IOException(file + " is larger than " + (MAX_BYTES >> 20) + " MiB; train.log_every writes less");
    }
    byte[] bytes;
    try (InputStream in = Files.newInputStream(file)) {
      bytes = in.readNBytes(MAX_BYTES); // it may be growing
    }
    return parse(file.toString(), new String(bytes, StandardCharsets.UTF_8));
  }

  static Metrics parse(String name, String text) throws IOException {
    List<String> lines = text.lines().toList();
    boolean endsCleanly = text.isEmpty() || text.endsWith("\n");
    List<Event> events = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      try {
        JsonNode node = Json.parse(lines.get(i));
        if (!node.isObject()) {
          throw new IllegalArgumentException("expected a JSON object");
        }
        event(node).ifPresent(events::add);
      } catch (JacksonException | IllegalArgumentException e) {
        if (i == lines.size() - 1 && !endsCleanly) {
          return new Metrics(events, true);
        }
        String why = e instanceof JacksonException json ? Json.problem(json) : String.valueOf(e.getMessage());
        throw new IOException(name + ", line " + (i + 1) + ": " + why, e);
      }
    }
    return new Metrics(events, false);
  }

  /// The events of one type as the run that counts saw them: where a resumed run went back to a checkpoint, what had
  /// been logged after it is left out.
  public <T extends Event> List<T> of(Class<T> type) {
    List<Event> timeline = new ArrayList<>();
    int last = Integer.MIN_VALUE;
    for (Event event : events) {
      if (event instanceof Event.Step step) {
        if (step.step() <= last) {
          timeline.removeIf(earlier -> earlier.step() >= step.step());
        }
        last = step.step();
      }
      timeline.add(event);
    }
    return timeline.stream().filter(type::isInstance).map(type::cast).toList();
  }

  /// The last event of a type in [#of(Class)].
  public <T extends Event> Optional<T> last(Class<T> type) {
    List<T> all = of(type);
    return all.isEmpty() ? Optional.empty() : Optional.of(all.getLast());
  }

  /// How it stands since it was last started: `diverged`, the reason of its end (`completed`, `interrupted`), or `unfinished`.
  public String state() {
    String state = "unfinished";
    for (Event event : events) {
      switch (event) {
        case Event.Start start -> state = "unfinished";
        case Event.Diverged diverged -> state = "diverged";
        case Event.End end -> state = state.equals("diverged") ? state : end.reason();
        default -> { // the others say nothing about the state
        }
      }
    }
    return state;
  }

  /// Seconds of training over all starts. The clock of a resumed run may go on from its checkpoint or begin anew:
  /// only the time that passes counts, which leaves out at most one logging interval per start.
  public double wallSeconds() {
    double total = 0;
    double last = 0;
    for (Event event : events) {
      if (event instanceof Event.Step step && Double.isFinite(step.elapsedSeconds())) {
        total += Math.max(0, step.elapsedSeconds() - last);
        last = step.elapsedSeconds();
      }
    }
    return total;
  }

  private static Optional<Event> event(JsonNode node) {
    return Optional.ofNullable(switch (string(node, "event")) {
      case "start" -> new Event.Start(node.has("step") ? integer(node, "step") : 0, fields(node));
      case "step" -> new Event.Step(integer(node, "step"), (long) orZero(number(node, "tokens")), number(node, "loss"),
          number(node, "lr"), number(node, "grad_norm"), number(node, "step_ms"), number(node, "tokens_per_s"),
          number(node, "elapsed_s"));
      case "eval" -> new Event.Eval(integer(node, "step"), number(node, "train_loss"), number(node, "val_loss"),
          number(node, "val_bits_per_char"), (long) orZero(number(node, "val_tokens")));
      case "norm" -> new Event.Norm(integer(node, "step"), list(node, "slots", Metrics::slot),
          number(node, "max_attention_logit"), number(node, "log_z"), number(node, "update_ratio"));
      case "layers" -> new Event.Layers(integer(node, "step"), list(node, "layers", Metrics::layer));
      case "sample" -> new Event.Sample(integer(node, "step"), string(node, "text"));
      case "diverged" -> new Event.Diverged(integer(node, "step"), node.path("first_bad").asString(""));
      case "rollback" -> new Event.Rollback(integer(node, "step"), integer(node, "failed_step"),
          node.path("first_bad").asString(""), integer(node, "retry"), number(node, "lr_factor"));
      case "end" -> new Event.End(integer(node, "step"), string(node, "reason"), number(node, "best_val_loss"),
          (int) orZero(number(node, "best_step")), (long) orZero(number(node, "best_val_tokens")),
          number(node, "final_val_loss"));
      default -> null;
    });
  }

  private static Event.Slot slot(JsonNode node) {
    Map<String, Double> scalars = new LinkedHashMap<>();
    node.properties().forEach(field -> {
      if (field.getValue().isNumber() && !MetricsLog.SLOT_FIELDS.contains(field.getKey())) {
        scalars.put(field.getKey(), number(node, field.getKey()));
      }
    });
    double slope = node.has(MetricsLog.SLOPE) ? number(node, MetricsLog.SLOPE) : slopeOfOlderRun(scalars);
    return new Event.Slot(string(node, "slot"), string(node, "type"), scalars, slope, number(node, "inv_std"),
        number(node, "saturation"), number(node, "in_rms"), number(node, "in_absmax"), number(node, "in_kurtosis"),
        number(node, "in_outliers"), number(node, "out_rms"), number(node, "out_absmax"), number(node, "out_grad_rms"),
        number(node, "update_ratio"));
  }

  /// Before 2026-12 runs did not log it: there were DyT and Derf with alpha, and DyISRU with beta.
  private static double slopeOfOlderRun(Map<String, Double> scalars) {
    return scalars.getOrDefault("alpha", 1 / Math.sqrt(scalars.getOrDefault("beta", Double.NaN)));
  }

  private static Event.Layer layer(JsonNode node) {
    return new Event.Layer(string(node, "layer"), number(node, "forward_ms"), number(node, "backward_ms"),
        number(node, "tokens_per_s"), number(node, "gflops"));
  }

  private static Map<String, String> fields(JsonNode node) {
    Map<String, String> fields = new LinkedHashMap<>();
    node.properties().forEach(e -> fields.put(e.getKey(), text(e.getValue())));
    fields.keySet().removeAll(List.of("event", "step"));
    return fields;
  }

  /// A value as text: strings as they are, the rest as JSON.
  public static String text(JsonNode value) {
    return value.isString() ? value.stringValue() : value.toString();
  }

  private static <T> List<T> list(JsonNode node, String name, Function<JsonNode, T> element) {
    JsonNode value = node.path(name);
    if (!value.isArray()) {
      throw wrong(name, value, "a list");
    }
    return value.valueStream().map(element).toList();
  }

  private static String string(JsonNode node, String name) {
    JsonNode value = node.path(name);
    if (!value.isString()) {
      throw wrong(name, value, "a string");
    }
    return value.stringValue();
  }

  private static int integer(JsonNode node, String name) {
    JsonNode value = node.path(name);
    if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < 0) {
      throw wrong(name, value, "a whole number from 0");
    }
    return value.intValue();
  }

  private static double number(JsonNode node, String name) {
    JsonNode value = node.path(name);
    if (value.isMissingNode() || value.isNull()) {
      return Double.NaN;
    }
    if (!value.isNumber()) {
      throw wrong(name, value, "a number or null");
    }
    double number = value.doubleValue();
    return Math.abs(number) > LARGEST ? Double.NaN : Math.abs(number) < 1 / LARGEST ? 0 : number;
  }

  private static double orZero(double value) {
    return Double.isNaN(value) ? 0 : value;
  }

  private static IllegalArgumentException wrong(String name, JsonNode value, String expected) {
    return new IllegalArgumentException(
        "'" + name + "' is " + (value.isMissingNode() ? "missing" : Json.printable(value.toString())) + ", expected "
            + expected);
  }
}
