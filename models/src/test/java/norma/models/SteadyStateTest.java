package norma.models;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.ref.Reference;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import norma.array.Array;
import norma.array.DType;
import norma.autodiff.GradientBuffer;
import norma.autodiff.ParameterBuffer;
import norma.autodiff.Pass;
import norma.autodiff.Tape;
import norma.kernels.Backend;
import norma.kernels.Kernels;
import norma.kernels.Workbench;
import norma.models.GptConfig.Activation;
import norma.models.GptConfig.EmbeddingScale;
import norma.models.GptConfig.Init;
import norma.models.GptConfig.MlpType;
import norma.models.GptConfig.Positions;
import norma.models.GptConfig.Residual;
import norma.nn.NormSpec;
import norma.optim.AllChunks;
import norma.optim.Optimizer;
import norma.optim.Rule;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.BaseDataBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.abstracts.Nd4jWorkspace;
import org.nd4j.linalg.factory.Nd4j;

/// After its first steps a training step allocates no native memory for numbers: not in the arena, not in ND4J's workspace
/// for temporaries, and not outside of both. What remains are ND4J's own objects of a few bytes for each operation
/// (contexts, shapes, scalar arguments), which its collector frees.
class SteadyStateTest {
  private static final int WARM_UP = 3;
  private static final int STEPS = 5;

  private final Workbench bench = new Workbench(DType.FLOAT32);
  private final Gpt model = new Gpt(
      new GptConfig(1, 2, OptionalInt.of(1), 16, 8, Positions.ROTARY, 4, true, 0.1, Activation.GELU, MlpType.PLAIN,
          true,
          EmbeddingScale.LEARNABLE, Residual.SUM, Activation.NONE, Init.GPT2, NormSlots.all(NormSpec.of("dyisru"), 1)),
      11);
  private final Backend backend = bench.backend();
  private final Kernels kernels = bench.kernels();
  private final ParameterBuffer values = new ParameterBuffer(backend, model.parameters());
  private final GradientBuffer gradients = new GradientBuffer(backend, model.parameters());
  private final Optimizer optimizer = AllChunks.optimizer(backend, values, Rule.Type.ADAMW, 0.1, 1);
  private final Array ids = bench.ids(new int[]{ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 1, 1, 1, 1, 1 }, 2, 8);

  SteadyStateTest() {
    values.initialize(backend, 1);
    for (int step = 1; step <= WARM_UP; step++) {
      train(step);
    }
  }

  @AfterEach
  void close() {
    bench.close();
  }

  @Test
  void theArenaAndTheScratchWorkspaceDoNotGrow() {
    Nd4jWorkspace scratch = (Nd4jWorkspace) Nd4j.getWorkspaceManager().getWorkspaceForCurrentThread("norma.scratch");
    long allocations = kernels.arena().allocations();
    long capacity = kernels.arena().capacityBytes();
    long workspace = scratch.getCurrentSize();
    for (int step = WARM_UP + 1; step <= WARM_UP + STEPS; step++) {
      train(step);
      assertThat(scratch.getSpilledSize()).as("spilled at step %d", step).isZero();
      assertThat(scratch.getNumberOfExternalAllocations()).as("external at step %d", step).isZero();
      assertThat(scratch.getNumberOfPinnedAllocations()).as("pinned at step %d", step).isZero();
    }
    assertThat(kernels.arena().allocations()).isEqualTo(allocations);
    assertThat(kernels.arena().capacityBytes()).isEqualTo(capacity);
    assertThat(scratch.getCurrentSize()).isEqualTo(workspace).isPositive();
  }

  @Test
  void noArrayIsAllocatedOutsideOfArenaAndWorkspace() throws ReflectiveOperationException {
    Set<Object> before = new HashSet<>(registered().keySet());
    for (int step = WARM_UP + 1; step <= WARM_UP + 3; step++) {
      train(step);
    }
    assertThat(arraysOutside(before)).isEmpty();

    before.addAll(registered().keySet());
    var stray = Nd4j.create(DataType.FLOAT, 5); // the counter sees one
    assertThat(arraysOutside(before)).containsExactly("FLOAT[5]");
    stray.close();
  }

  private void train(int step) {
    gradients.start();
    try (Tape tape = new Tape(kernels, values, gradients, new Pass(true, 1, step, 0), null)) {
      tape.backward(model.loss(tape, ids, ids, 1.0 / 16));
    }
    gradients.finish(kernels);
    AllChunks.step(optimizer, kernels, gradients, AllChunks.gradientNorm(optimizer, kernels, gradients), 1e-3, step);
  }

  /// Buffers of more than one number that were registered since, outside of any workspace and not views of others.
  private static List<String> arraysOutside(Set<Object> before) throws ReflectiveOperationException {
    List<String> found = new ArrayList<>();
    for (Map.Entry<?, ?> entry : registered().entrySet()) {
      Object object = ((Reference<?>) entry.getValue()).get();
      if (!before.contains(entry.getKey()) && object instanceof BaseDataBuffer buffer && !buffer.isAttached()
          && buffer.originalDataBuffer() == null && buffer.dataType() != DataType.INT64 && buffer.length() > 1) {
        found.add(buffer.dataType() + "[" + buffer.length() + "]");
      }
    }
    return found;
  }

  /// ND4J's register of everything that owns native memory. There is no public view of it.
  private static Map<?, ?> registered() throws ReflectiveOperationException {
    Object service = Nd4j.getDeallocatorService();
    Field map = service.getClass().getDeclaredField("referenceMap");
    map.setAccessible(true);
    return (Map<?, ?>) map.get(service);
  }
}
