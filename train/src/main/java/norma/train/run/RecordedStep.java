package norma.train.run;

import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/// What every worker did in one step, and when.
///
/// @param start   nanoseconds, of [System#nanoTime]
/// @param end     nanoseconds
/// @param workers spans of each worker, in the order of their ends
public record RecordedStep(long start, long end, List<List<Span>> workers) {
  /// The name of what stands in no other row: the tape and the layers' own code between operations.
  public static final String OTHER = "other";
  /// The name of workers' time outside of all their parts: waiting for the slowest.
  public static final String WAITING = "waiting";

  private static final List<String> PHASES = Arrays.stream(StepObserver.Phase.values()).map(StepObserver.Phase::title)
      .toList();

  public RecordedStep {
    workers = List.copyOf(workers);
  }

  /// What a span is of.
  public enum Kind {
    /// An operation of the tape.
    FORWARD,
    /// The gradients of an operation.
    BACKWARD,
    /// A phase of the step that is no operation.
    PHASE,
    /// All that a worker does for one shard; contains the spans above.
    SHARD
  }

  /// A piece of one worker's time.
  ///
  /// @param name of the part of a layer or of the phase
  /// @param start nanoseconds
  /// @param end   nanoseconds
  public record Span(String name, Kind kind, long start, long end) {

    /// How long it took.
    public long nanos() {
      return end - start;
    }
  }

  /// A row's share of the step.
  ///
  /// @param forward  nanoseconds, the mean over the workers, so that rows add up to the step; phases have only these
  /// @param backward nanoseconds, likewise
  /// @param calls    of all workers, forward or backward, whichever are more
  public record Times(double forward, double backward, int calls) {
    /// The share of a row that a step does not have.
    public static final Times NONE = new Times(0, 0, 0);

    /// Both.
    public double total() {
      return forward + backward;
    }
  }

  /// How long the step took.
  public long nanos() {
    return end - start;
  }

  /// The step's time by rows, which add up to it: layers in the order of forward, then phases in theirs, then [#WAITING] and [#OTHER].
  ///
  /// @param row the row that a span's name belongs to
  public Map<String, Times> rows(UnaryOperator<String> row) {
    Map<String, Sum> layers = new LinkedHashMap<>();
    Map<String, Sum> phases = new LinkedHashMap<>();
    long inParts = 0; // not waiting
    long known = 0;
    for (List<Span> worker : workers) {
      Span shard = null;
      for (Span span : worker.reversed()) { // a shard before what it contains
        if (span.kind == Kind.SHARD) {
          shard = span;
        } else {
          known += span.nanos();
        }
        if (span.kind == Kind.SHARD || shard == null || span.start < shard.start || span.end > shard.end) {
          inParts += span.nanos();
        }
      }
      for (Span span : worker) {
        if (span.kind != Kind.SHARD) {
          (span.kind == Kind.PHASE ? phases : layers).computeIfAbsent(row.apply(span.name), _ -> new Sum()).add(span);
        }
      }
    }
    Map<String, Times> rows = new LinkedHashMap<>();
    layers.forEach((name, sum) -> rows.put(name, sum.times(workers.size())));
    // Not in the order of the workers: which of them has a phase first differs from step to step.
    phases.entrySet().stream().sorted(Comparator.comparingInt(phase -> PHASES.indexOf(phase.getKey())))
        .forEach(phase -> rows.put(phase.getKey(), phase.getValue().times(workers.size())));
    rows.put(WAITING, new Times(nanos() - inParts / (double) workers.size(), 0, 0));
    rows.put(OTHER, new Times((inParts - known) / (double) workers.size(), 0, 0));
    return rows;
  }

  private static final class Sum {
    private long forward;
    private long backward;
    private int forwards;
    private int backwards;

    void add(Span span) {
      if (span.kind == Kind.BACKWARD) {
        backward += span.nanos();
        backwards++;
      } else {
        forward += span.nanos();
        forwards++;
      }
    }

    Times times(int workers) {
      return new Times(forward / (double) workers, backward / (double) workers, Math.max(forwards, backwards));
    }
  }
}
