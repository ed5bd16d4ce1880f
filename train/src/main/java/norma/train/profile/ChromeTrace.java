package norma.train.profile;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import norma.train.run.RecordedStep;
import norma.train.run.RecordedStep.Kind;
import norma.train.run.RecordedStep.Span;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.exc.JacksonIOException;
import tools.jackson.databind.json.JsonMapper;

/// The recorded steps in the Trace Event Format, which Perfetto (ui.perfetto.dev) and chrome://tracing open: a process for each case,
/// a thread for each worker, a slice for each span. Times are microseconds from the first step of the case.
final class ChromeTrace {
  private static final double NANOS_PER_MICRO = 1e3;
  private static final JsonMapper JSON = new JsonMapper();

  private ChromeTrace() {}

  /// Writes `trace.json`.
  static void write(Path file, List<Profile> profiles) throws IOException {
    try (var out = Files.newOutputStream(file); JsonGenerator json = JSON.createGenerator(out)) {
      json.writeStartObject();
      json.writeStringProperty("displayTimeUnit", "ms");
      json.writeArrayPropertyStart("traceEvents");
      for (int i = 0; i < profiles.size(); i++) {
        write(json, i + 1, profiles.get(i));
      }
      json.writeEndArray();
      json.writeEndObject();
    } catch (JacksonIOException e) {
      throw e.getCause();
    }
  }

  private static void write(JsonGenerator json, int process, Profile profile) {
    named(json, process, 0, "process_name", profile.name());
    int workers = profile.recorded().getFirst().workers().size();
    for (int worker = 0; worker < workers; worker++) {
      named(json, process, worker + 1, "thread_name", "worker " + worker);
    }
    long zero = profile.recorded().getFirst().start();
    for (int i = 0; i < profile.recorded().size(); i++) {
      RecordedStep step = profile.recorded().get(i);
      for (int worker = 0; worker < workers; worker++) {
        slice(json, process, worker + 1, "step " + (i + 1), "step", step.start() - zero, step.nanos());
        for (Span span : step.workers().get(worker)) {
          String kind = span.kind().name().toLowerCase(Locale.ROOT);
          String name = span.kind() == Kind.BACKWARD ? span.name() + " backward" : span.name();
          slice(json, process, worker + 1, name, kind, span.start() - zero, span.nanos());
        }
      }
    }
  }

  private static void named(JsonGenerator json, int process, int thread, String what, String name) {
    json.writeStartObject();
    json.writeStringProperty("ph", "M");
    json.writeStringProperty("name", what);
    json.writeNumberProperty("pid", process);
    json.writeNumberProperty("tid", thread);
    json.writeObjectPropertyStart("args");
    json.writeStringProperty("name", name);
    json.writeEndObject();
    json.writeEndObject();
  }

  private static void slice(JsonGenerator json, int process, int thread, String name, String category, long start,
      long nanos) {
    json.writeStartObject();
    json.writeStringProperty("ph", "X");
    json.writeStringProperty("name", name);
    json.writeStringProperty("cat", category);
    json.writeNumberProperty("pid", process);
    json.writeNumberProperty("tid", thread);
    json.writeNumberProperty("ts", start / NANOS_PER_MICRO);
    json.writeNumberProperty("dur", nanos / NANOS_PER_MICRO);
    json.writeEndObject();
  }
}
