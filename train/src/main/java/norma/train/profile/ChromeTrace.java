package norma.train.profile;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import norma.train.run.RecordedStep;
import norma.train.run.RecordedStep.Kind;
import norma.train.run.RecordedStep.Span;
import tools.jackson.databind.json.JsonMapper;

/// The recorded steps in the Trace Event Format, which Perfetto (ui.perfetto.dev) and chrome://tracing open: a process for each case,
/// a thread for each worker, a slice for each span. Times are microseconds from the first step of the case.
final class ChromeTrace {
  private static final double NANOS_PER_MICRO = 1e3;

  private ChromeTrace() {}

  static String of(List<Profile> profiles) {
    List<Map<String, Object>> events = new ArrayList<>();
    for (int i = 0; i < profiles.size(); i++) {
      add(events, i + 1, profiles.get(i));
    }
    return new JsonMapper().writeValueAsString(Map.of("displayTimeUnit", "ms", "traceEvents", events));
  }

  private static void add(List<Map<String, Object>> events, int process, Profile profile) {
    events.add(named(process, 0, "process_name", profile.name()));
    int workers = profile.recorded().getFirst().workers().size();
    for (int worker = 0; worker < workers; worker++) {
      events.add(named(process, worker + 1, "thread_name", "worker " + worker));
    }
    long zero = profile.recorded().getFirst().start();
    for (int i = 0; i < profile.recorded().size(); i++) {
      RecordedStep step = profile.recorded().get(i);
      for (int worker = 0; worker < workers; worker++) {
        events.add(slice(process, worker + 1, "step " + (i + 1), "step", step.start() - zero, step.nanos()));
        for (Span span : step.workers().get(worker)) {
          String name = span.kind() == Kind.BACKWARD ? span.name() + " backward" : span.name();
          events.add(slice(process, worker + 1, name, span.kind().name().toLowerCase(Locale.ROOT), span.start() - zero,
              span.nanos()));
        }
      }
    }
  }

  private static Map<String, Object> named(int process, int thread, String what, String name) {
    return Map.of("ph", "M", "name", what, "pid", process, "tid", thread, "args", Map.of("name", name));
  }

  private static Map<String, Object> slice(int process, int thread, String name, String category, long start,
      long nanos) {
    return Map.of("ph", "X", "name", name, "cat", category, "pid", process, "tid", thread, "ts",
        start / NANOS_PER_MICRO, "dur", nanos / NANOS_PER_MICRO);
  }
}
