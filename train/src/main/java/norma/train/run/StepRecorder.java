package norma.train.run;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import norma.array.Array;
import norma.autodiff.TapeObserver;
import norma.autodiff.Tensor;
import norma.kernels.Kernels;
import norma.ops.Op;
import norma.train.run.RecordedStep.Kind;
import norma.train.run.RecordedStep.Span;

/// Records what every worker does in a step, and when. A span costs two looks at the clock, an entry in a list of the
/// worker's own, and nothing that workers share.
public final class StepRecorder implements StepObserver {
  private final Map<Kernels, Lane> lanes = new LinkedHashMap<>();
  private long start;

  public StepRecorder(Session session) {
    this(session.workers().kernels());
  }

  StepRecorder(List<Kernels> workers) {
    workers.forEach(kernels -> lanes.put(kernels, new Lane(kernels)));
  }

  /// A step begins.
  public void begin() {
    lanes.values().forEach(lane -> lane.spans.clear());
    start = System.nanoTime();
  }

  /// It has ended.
  public RecordedStep end() {
    long end = System.nanoTime();
    return new RecordedStep(start, end, lanes.values().stream().map(Lane::finished).toList());
  }

  @Override
  public Watch of(Kernels kernels) {
    return Objects.requireNonNull(lanes.get(kernels), "kernels of another session");
  }

  /// One worker's spans.
  private static final class Lane implements Watch, TapeObserver {
    private final Kernels kernels;
    private final List<Open> open = new ArrayList<>();
    private final List<Marked> spans = new ArrayList<>();

    private record Open(Phase phase, long start) {}

    /// Times as the kernels' clock gives them.
    private record Marked(String name, Kind kind, long start, long end) {}

    private long operationStart;

    Lane(Kernels kernels) {
      this.kernels = kernels;
    }

    List<Span> finished() {
      open.clear(); // of a step that failed
      return spans.stream()
          .map(span -> new Span(span.name, span.kind, kernels.nanos(span.start), kernels.nanos(span.end))).toList();
    }

    @Override
    public void starts(Phase phase) {
      open.addLast(new Open(phase, kernels.mark()));
    }

    @Override
    public void ends() {
      Open last = open.removeLast();
      String name = last.phase.title();
      Kind kind = last.phase == Phase.SHARD ? Kind.SHARD : Kind.PHASE;
      spans.add(new Marked(name, kind, last.start, kernels.mark()));
    }

    @Override
    public TapeObserver tape() {
      return this;
    }

    @Override
    public void starts(String layer, Op<?> op, boolean backward) {
      operationStart = kernels.mark();
    }

    @Override
    public void forward(String layer, Op<?> op, Tensor[] inputs, Tensor output) {
      operationEnds(layer, Kind.FORWARD);
    }

    @Override
    public void backward(String layer, Op<?> op, Tensor output, Array gradient) {
      operationEnds(layer, Kind.BACKWARD);
    }

    private void operationEnds(String layer, Kind kind) {
      spans.add(new Marked(layer, kind, operationStart, kernels.mark()));
    }
  }
}
