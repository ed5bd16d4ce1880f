package norma.train.metrics;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import norma.train.files.Json;
import norma.train.files.WholeFile;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// The events of a run, as `metrics.jsonl` tells them.
///
/// @param events every known event in file order
/// @param torn   whether the last line was cut off in the middle of writing; it is left out
public record Metrics(List<Event> events, boolean torn) {
  /// The file's name in a run folder.
  public static final String FILE = "metrics.jsonl";

  /// Two million lines.
  private static final int MAX_BYTES = 512 << 20;
  private static final JsonMapper JSON = new JsonMapper();
  private static final Map<String, LineFormat<?>> FORMATS = Arrays.stream(Event.class.getPermittedSubclasses())
      .collect(Collectors.toMap(Metrics::name, type -> new LineFormat<>(type.asSubclass(Record.class))));

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
    byte[] bytes = WholeFile.start(file, MAX_BYTES); // it may be growing
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

  /// The events of one type.
  public <T extends Event> List<T> of(Class<T> type) {
    return events.stream().filter(type::isInstance).map(type::cast).toList();
  }

  /// The last event of a type in [#of(Class)].
  public <T extends Event> Optional<T> last(Class<T> type) {
    return of(type).stream().reduce((_, later) -> later);
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

  /// The evaluation with the lowest validation loss.
  public Optional<Event.Eval> bestEval() {
    return of(Event.Eval.class).stream().filter(eval -> Double.isFinite(eval.valLoss()))
        .min(Comparator.comparingDouble(Event.Eval::valLoss));
  }

  /// The exact loss of the run's end; the last evaluation's where the run has no end, NaN without one.
  public double finalLoss() {
    double end = last(Event.End.class).map(Event.End::finalValLoss).orElse(Double.NaN);
    return Double.isFinite(end) ? end : last(Event.Eval.class).map(Event.Eval::valLoss).orElse(Double.NaN);
  }

  /// The median of the logged steps; NaN without any.
  public double tokensPerSecond() {
    return Median.ofFinite(of(Event.Step.class).stream().mapToDouble(Event.Step::tokensPerSecond).toArray());
  }

  /// Seconds of training over all starts, up to the last step that is logged.
  public double wallSeconds() {
    return last(Event.Step.class).map(Event.Step::elapsedSeconds).orElse(0.0);
  }

  private static String name(Class<?> type) {
    return type.getSimpleName().toLowerCase(Locale.ROOT);
  }

  /// An event's line, without its end.
  static String line(Event event) {
    String name = name(event.getClass());
    ObjectNode line = JSON.createObjectNode().put(Event.NAME, name);
    Objects.requireNonNull(FORMATS.get(name)).write((Record) event, line);
    return JSON.writeValueAsString(line);
  }

  private static Optional<Event> event(JsonNode line) {
    return Optional.ofNullable(FORMATS.get(LineFormat.string(Event.NAME, line.path(Event.NAME))))
        .map(format -> (Event) format.read(line));
  }
}
