package norma.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import norma.kernels.Kernels;
import norma.models.CostModel;
import norma.train.config.RunConfig;
import norma.train.run.RecordedStep.Kind;
import norma.train.run.RecordedStep.Span;
import norma.train.run.RecordedStep.Times;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StepRecorderTest {
  @TempDir
  private Path folder;

  /// Two workers in a step of 100 ns: rows are means over the workers, and add up to the step.
  @Test
  void rowsAddUpToTheStep() {
    RecordedStep step = new RecordedStep(1000, 1100, List.of(
        List.of(new Span("weights", Kind.PHASE, 1000, 1010), new Span("a", Kind.FORWARD, 1020, 1030),
            new Span("a", Kind.BACKWARD, 1032, 1060), new Span("shard", Kind.SHARD, 1018, 1070),
            new Span("optimizer", Kind.PHASE, 1080, 1095)),
        List.of(new Span("data", Kind.PHASE, 1022, 1024), new Span("a", Kind.FORWARD, 1024, 1034),
            new Span("shard", Kind.SHARD, 1020, 1040), new Span("b", Kind.FORWARD, 1045, 1050),
            new Span("shard", Kind.SHARD, 1044, 1051))));
    Map<String, Times> rows = step.rows(UnaryOperator.identity());
    assertThat(rows.keySet()).containsExactly("a", "b", "weights", "data", "optimizer", "waiting", "other");
    assertThat(times(rows, "a")).isEqualTo(new Times(10, 14, 2));
    assertThat(times(rows, "b")).isEqualTo(new Times(2.5, 0, 1));
    assertThat(times(rows, "weights").total()).isEqualTo(5);
    assertThat(times(rows, "waiting").total()).isEqualTo(100 - (10 + 52 + 15 + 20 + 7) / 2.0);
    assertThat(times(rows, "other").total()).isEqualTo((52 - 38 + 20 - 12 + 7 - 5) / 2.0);
    assertThat(rows.values().stream().mapToDouble(Times::total).sum()).isCloseTo(100, within(1e-9));
  }

  @Test
  void everyPartOfTheModelAndEveryPhaseIsSeenOnceAPass() {
    RunConfig config = Runs.config(folder, "model.norm.embedding=rmsnorm", "model.norm.qk=layernorm",
        "model.dropout=0.1", "train.batch=3", "runtime.threads=2");
    try (Session session = Session.start(config, false)) {
      TrainStep trainStep = new TrainStep(session);
      StepRecorder recorder = new StepRecorder(session);
      recorder.begin();
      trainStep.update(trainStep.gradients(1, recorder), 1e-3, 1, recorder);
      RecordedStep step = recorder.end();
      Map<String, Times> rows = step.rows(UnaryOperator.identity());
      CostModel cost = CostModel.of(session.model(), 3, session.backend().dtype());
      assertThat(rows.keySet()).containsAll(cost.parts().keySet()).contains("weights", "data", "gradients", "clipping",
          "optimizer");
      assertThat(rows).hasSize(cost.parts().size() + 7);
      assertThat(times(rows, "blocks.0.mlp.gelu").calls()).isEqualTo(3);
      assertThat(times(rows, "blocks.0.mlp.gelu").backward()).isPositive();
      assertThat(rows.values().stream().mapToDouble(Times::total).sum()).isCloseTo(step.nanos(), within(1e-3));
      assertThat(rows.values()).allMatch(times -> times.total() >= 0);
      for (List<Span> worker : step.workers()) {
        for (Span span : worker) {
          assertThat(span.start()).isBetween(step.start(), span.end());
          assertThat(span.end()).isLessThanOrEqualTo(step.end());
        }
      }
    }
  }

  /// As kernels of a device do: a mark is the number of an event, and its time is known only when the step is over.
  @Test
  void timesAreThoseOfTheKernelsOwnClock() {
    boolean[] over = new boolean[1];
    long[] marks = new long[1];
    Kernels device = (Kernels) Proxy.newProxyInstance(Kernels.class.getClassLoader(), new Class<?>[]{ Kernels.class },
        (proxy, method, arguments) -> switch (method.getName()) {
          case "mark" -> marks[0]++;
          case "nanos" -> {
            assertThat(over[0]).as("nobody waits for the device before the step is over").isTrue();
            yield 1000 * (long) arguments[0] * (long) arguments[0];
          }
          case "hashCode" -> System.identityHashCode(proxy);
          default -> throw new AssertionError(method);
        });
    StepRecorder recorder = new StepRecorder(List.of(device));
    recorder.begin();
    StepObserver.Watch watch = recorder.of(device);
    watch.starts(StepObserver.Phase.SHARD);
    watch.starts(StepObserver.Phase.DATA);
    watch.ends();
    watch.ends();
    over[0] = true;
    assertThat(recorder.end().workers()).containsExactly(
        List.of(new Span("data", Kind.PHASE, 1000, 4000), new Span("shard", Kind.SHARD, 0, 9000)));
  }

  private static Times times(Map<String, Times> rows, String name) {
    return java.util.Objects.requireNonNull(rows.get(name), name);
  }
}
