package norma.train.profile;

import java.util.Locale;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import norma.train.run.RecordedStep.Kind;
import norma.train.run.StepRecorder;
import org.jspecify.annotations.Nullable;

/// A span of a training step for Java Flight Recorder, on the thread of its worker.
@Name(SpanEvent.NAME)
@Label("Span of a training step")
@Description("An operation, forward or backward, or a phase of a step")
@Category("Norma")
@StackTrace(false)
public final class SpanEvent extends Event {
  /// Name of the events.
  public static final String NAME = "norma.Span";

  /// Makes an event of every span.
  public static final StepRecorder.Listener LISTENER = new StepRecorder.Listener() {
    @Override
    public Object started() {
      SpanEvent event = new SpanEvent();
      event.begin();
      return event;
    }

    @Override
    public void ended(@Nullable Object started, String name, Kind kind) {
      if (started instanceof SpanEvent event) {
        event.end();
        if (event.shouldCommit()) {
          event.name = name;
          event.kind = kind.name().toLowerCase(Locale.ROOT);
          event.commit();
        }
      }
    }
  };

  @Label("Part or phase")
  private String name = "";

  @Label("Kind")
  @Description("forward, backward, phase or shard")
  private String kind = "";

  /// For tests, which read recordings back.
  String name() {
    return name;
  }

  /// For tests, which read recordings back.
  String kind() {
    return kind;
  }
}
