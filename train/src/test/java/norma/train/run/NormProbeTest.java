package norma.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import norma.array.DType;
import norma.array.NativeObjects;
import norma.autodiff.Parameter;
import norma.autodiff.Pass;
import norma.autodiff.Tape;
import norma.kernels.Loops;
import norma.random.RandomStream;
import norma.train.metrics.Event;
import norma.train.metrics.RunView;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NormProbeTest {
  private static final double LR = 1e-2;

  @TempDir
  private Path folder;

  private Session session(String... settings) {
    return Session.start(Runs.config(folder, settings), true);
  }

  private static void train(TrainStep trainStep, int step) {
    trainStep.update(trainStep.gradients(step, StepObserver.NONE), LR, step, StepObserver.NONE);
  }

  @Test
  void theOutputIsThatOfTheSlot() {
    try (Session session = session("runtime.precision=fp64", "model.norm.all=dyt")) {
      Event.Norm norm = new NormProbe(session, new TrainStep(session), RunView.NONE).at(1, LR); // still y = tanh(x / 2)
      assertThat(norm.slots()).hasSize(3).allSatisfy(slot -> {
        assertThat(slot.outAbsmax()).isCloseTo(Math.tanh(slot.inAbsmax() / 2), within(1e-12));
        assertThat(slot.outRms()).isLessThan(slot.inRms() / 2).isCloseTo(slot.inRms() / 2, within(1e-3 * slot.inRms()));
      });
    }
  }

  /// The last slot's output goes to the head alone: its gradient is (softmax(logits) - one-hot) W.
  @Test
  void theGradientIsThatOfTheSummedLossAtTheSlotsOutput() {
    try (Session session = session("runtime.precision=fp64", "model.norm.all=dyisru")) {
      TrainStep trainStep = new TrainStep(session);
      train(trainStep, 1);
      Event.Norm norm = new NormProbe(session, trainStep, RunView.NONE).at(1, LR);
      assertThat(norm.slots().getLast().slot()).isEqualTo("final");
      assertThat(norm.slots().getLast().outGradRms()).isCloseTo(gradientAtTheHead(session), within(1e-12));
      assertThat(norm.slots()).extracting(Event.Slot::outGradRms).doesNotHaveDuplicates();
    }
  }

  private static double gradientAtTheHead(Session session) {
    int context = session.config().model().context();
    RandomStream stream = RandomStream.of(session.config().train().seed(), "probe").at(1);
    int sequences = session.config().train().batch(); // less than four
    int[] targets = new int[sequences * context];
    Batch batch = Batch.of(session.backend(), session.kernels(), sequences, context, (inputs, labels) -> {
      session.training().sequences(stream::bounded, 0, inputs, labels);
      System.arraycopy(labels, 0, targets, 0, targets.length);
    });
    int vocabulary = session.vocabulary().size();
    int width = session.config().model().width();
    double[] embedding = session.backend().read(session.weights().of(session.model().parameters().getFirst()));
    double squares = 0;
    try (Tape tape = new Tape(session.kernels(), session.weights(), null, Pass.EVALUATION, null)) {
      double[] logits = session.backend().read(session.model().logits(tape, batch.ids()).value());
      double[] dlogits = Loops.crossEntropy(logits, targets, 1).dlogits();
      for (int i = 0; i < targets.length * width; i++) {
        double gradient = 0;
        for (int v = 0; v < vocabulary; v++) {
          gradient += dlogits[i / width * vocabulary + v] * embedding[v * width + i % width];
        }
        squares += gradient * gradient;
      }
    }
    return Math.sqrt(squares / (targets.length * (double) width));
  }

  @Test
  void theUpdateRatioIsThatOfTheLastStepOfTheSlotsParametersAndOfAllMatrices() {
    try (Session session = session("runtime.precision=fp64", "model.norm.all=derf", "model.bias=true")) {
      TrainStep trainStep = new TrainStep(session);
      NormProbe probe = new NormProbe(session, trainStep, RunView.NONE);
      train(trainStep, 1);
      List<double[]> before = values(session);
      train(trainStep, 2);
      List<double[]> after = values(session);
      Event.Norm norm = probe.at(2, LR);
      for (Event.Slot slot : norm.slots()) {
        List<String> names = List.of(slot.slot() + ".weight", slot.slot() + ".bias", slot.slot() + ".alpha",
            slot.slot() + ".shift");
        assertThat(slot.updateRatio()).as(slot.slot()).isCloseTo(
            ratio(session, before, after, parameter -> names.contains(parameter.name())), within(1e-12));
      }
      assertThat(norm.updateRatio()).isPositive()
          .isCloseTo(ratio(session, before, after, parameter -> parameter.shape().length == 2), within(1e-12));
    }
  }

  private static List<double[]> values(Session session) {
    return session.model().parameters().stream().map(p -> session.backend().read(session.weights().of(p))).toList();
  }

  private static double ratio(Session session, List<double[]> before, List<double[]> after,
      Predicate<Parameter> which) {
    double moved = 0;
    double squares = 0;
    for (Parameter parameter : session.model().parameters()) {
      double[] now = after.get(parameter.index());
      for (int i = 0; which.test(parameter) && i < now.length; i++) {
        moved += Math.pow(now[i] - before.get(parameter.index())[i], 2);
        squares += now[i] * now[i];
      }
    }
    return Math.sqrt(moved) / Math.sqrt(squares);
  }

  @Test
  void queriesAndKeysHaveARowEach() {
    try (Session session = session("model.norm.all=none", "model.norm.qk=rmsnorm")) {
      Event.Norm norm = new NormProbe(session, new TrainStep(session), RunView.NONE).at(1, LR);
      assertThat(norm.slots()).extracting(Event.Slot::slot).containsExactly("blocks.0.attn.qk.query",
          "blocks.0.attn.qk.key");
      assertThat(norm.slots()).allMatch(slot -> slot.outGradRms() > 0 && slot.outRms() > 0);
    }
  }

  /// From the input of its first operation to the output of its last.
  @Test
  void aSlotThatIsComposedOfOperationsHasOneRow() {
    try (Session session = session("model.norm.all=none", "model.norm.attn.pre={type: gatednorm, rank: 3}")) {
      Event.Norm norm = new NormProbe(session, new TrainStep(session), RunView.NONE).at(1, LR);
      assertThat(norm.slots()).extracting(Event.Slot::slot).containsExactly("blocks.0.attn.pre");
      Event.Slot gate = norm.slots().getFirst();
      assertThat(gate.outRms()).as("half of what RMSNorm gives").isBetween(0.48, 0.52);
      assertThat(gate.outGradRms()).isPositive();
      assertThat(SlotRecording.of(session, 1)).extracting(SlotRecording::slot).containsExactly("blocks.0.attn.pre");
    }
  }

  /// On one thread: of several, each makes its arena when a part first falls to it, in whichever step that is.
  @Test
  void probesLeaveTheWeightsAloneAndAllocateNothingNativeAfterTheFirst() {
    try (Session session = Session.start(
        Runs.config(folder, "model.dropout=0.1", "runtime.backend=cpu", "runtime.threads=1"), false)) {
      TrainStep trainStep = new TrainStep(session);
      NormProbe probe = new NormProbe(session, trainStep, RunView.NONE);
      train(trainStep, 1);
      double[] weights = session.backend().read(session.weights().flat());
      Event.Norm first = probe.at(1, LR);
      assertThat(probe.at(1, LR)).isEqualTo(first);
      assertThat(session.backend().read(session.weights().flat())).isEqualTo(weights);
      long arena = session.kernels().arena().allocations();
      NativeObjects objects = new NativeObjects();
      for (int step = 2; step <= 6; step++) {
        train(trainStep, step);
        probe.at(step, LR);
      }
      assertThat(session.kernels().arena().allocations()).isEqualTo(arena);
      assertThat(objects.made()).as("native objects of ND4J").isZero();
      session.backend().allocate(DType.FLOAT32, 5); // the counter sees one
      assertThat(objects.made()).isPositive();
    }
  }

  @Test
  void aScalarMayNotBeCalledAsAStatistic() {
    NormProbe.requireOwnNames("mine", Set.of("alpha", "slope", "knee"));
    for (String name : List.of("type", "saturation", "in_rms", "squash_slope")) {
      assertThatThrownBy(() -> NormProbe.requireOwnNames("mine", Set.of(name)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("norm type mine has a scalar called " + name);
    }
  }
}
