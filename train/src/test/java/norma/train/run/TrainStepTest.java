package norma.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import norma.array.NativeObjects;
import norma.train.config.RunConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Steps on several workers.
class TrainStepTest {
  private static final int STEPS = 5;

  @TempDir
  Path folder;

  /// Losses, gradient norms and the final weights.
  private record Outcome(List<Double> numbers, double[] weights) {}

  private Outcome train(RunConfig config) {
    List<Double> numbers = new ArrayList<>();
    try (Session session = Session.start(config, true)) {
      TrainStep trainStep = new TrainStep(session);
      for (int step = 1; step <= STEPS; step++) {
        TrainStep.Result result = trainStep.gradients(step, StepObserver.NONE);
        trainStep.update(result, 1e-2, step, StepObserver.NONE);
        numbers.add(result.loss());
        numbers.add(result.gradientNorm());
      }
      numbers.add(new Evaluation(session).validationLoss());
      numbers.add(new Evaluation(session).trainingEstimate(STEPS));
      return new Outcome(numbers, session.backend().read(session.weights().flat()));
    }
  }

  /// A step of one sequence has fewer of them than there are shards.
  @ParameterizedTest
  @CsvSource({ "layernorm, adamw, 5, 2", "dyisru, muon, 5, 2", "layernorm, adamw, 1, 1" })
  void oneToFourThreadsGiveTheSameBits(String norm, String optimizer, int batch, int accumulate) {
    String[] settings = { "model.dropout=0.1", "train.batch=" + batch, "train.accumulate=" + accumulate,
        "model.norm.all=" + norm, "runtime.backend=cpu", "runtime.threads=1", "model.kv_heads=1",
        "model.positions=rotary", "optim.type=" + optimizer };
    Outcome one = train(Runs.config(folder, settings));
    for (int threads = 2; threads <= 4; threads++) {
      settings[5] = "runtime.threads=" + threads;
      Outcome several = train(Runs.config(folder, settings));
      assertThat(several.numbers).as("%d threads", threads).isEqualTo(one.numbers);
      assertThat(Arrays.equals(several.weights, one.weights)).as("weights of %d threads", threads).isTrue();
    }
  }

  @Test
  void theFusedBackendTrainsLikeTheDefinition() {
    String[] settings = { "model.dropout=0.1", "train.batch=5", "model.norm.all=dyisru", "model.bias=true",
        "runtime.backend=cpu" };
    Outcome fused = train(Runs.config(folder, settings));
    settings[4] = "runtime.backend=nd4j";
    Outcome definition = train(Runs.config(folder, settings));
    for (int i = 0; i < fused.numbers.size(); i++) {
      assertThat(fused.numbers.get(i)).isCloseTo(definition.numbers.get(i), within(1e-3 * definition.numbers.get(i)));
    }
  }

  @Test
  void bf16IsCloseToFp32AndTheSameOnTwoThreads() {
    assumeTrue(Machine.hasBf16(), "the CPU has no AVX512-BF16");
    String[] settings = { "train.batch=5", "runtime.backend=cpu", "runtime.threads=1", "runtime.precision=fp32" };
    Outcome exact = train(Runs.config(folder, settings));
    settings[3] = "runtime.precision=bf16";
    Outcome one = train(Runs.config(folder, settings));
    for (int i = 0; i < one.numbers.size(); i++) {
      assertThat(one.numbers.get(i)).isNotEqualTo(exact.numbers.get(i)).isCloseTo(exact.numbers.get(i),
          within(0.03 * exact.numbers.get(i)));
    }
    settings[2] = "runtime.threads=2";
    Outcome two = train(Runs.config(folder, settings));
    assertThat(two.numbers).isEqualTo(one.numbers);
    assertThat(Arrays.equals(two.weights, one.weights)).isTrue();
  }

  @Test
  void bf16IsRefusedWhereTheCpuHasNone() {
    assumeFalse(Machine.hasBf16(), "the CPU has AVX512-BF16");
    assertThatThrownBy(() -> train(Runs.config(folder, "runtime.precision=bf16"))).isInstanceOf(RunException.class)
        .hasMessageContaining("has no AVX512-BF16").hasMessageEndingWith("use fp32");
  }

  /// nanoGPT's CPU settings.
  @Test
  void aSteadyStepAllocatesUnderTwoMegabytesOnTheHeapAndNothingOutside() throws Exception {
    Path text = folder.resolve("text.txt");
    Files.writeString(text, "What a piece of work is a step! ".repeat(100));
    RunConfig config = Runs.config(folder, "data.corpus='" + text + "'", "model.layers=4", "model.heads=4",
        "model.width=128", "model.context=64", "train.batch=12", "runtime.backend=cpu", "runtime.threads=2");
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (Session session = Session.start(config, false)) {
      TrainStep trainStep = new TrainStep(session);
      long least = Long.MAX_VALUE;
      int step = 0;
      while ((least > 2 << 20 || !allHaveWorked(session)) && step < 600) { // until everything is compiled and allocated
        step++;
        long before = threads.getTotalThreadAllocatedBytes();
        trainStep.update(trainStep.gradients(step, StepObserver.NONE), 1e-3, step, StepObserver.NONE);
        least = Math.min(least, threads.getTotalThreadAllocatedBytes() - before);
      }
      assertThat(least).isLessThan(2 << 20);
      List<Long> arenas = allocations(session);
      assertThat(arenas).as("each worker has had a shard").doesNotContain(0L);
      NativeObjects objects = new NativeObjects();
      for (int i = 1; i <= 5; i++) {
        trainStep.update(trainStep.gradients(step + i, StepObserver.NONE), 1e-3, step + i, StepObserver.NONE);
      }
      assertThat(allocations(session)).isEqualTo(arenas);
      assertThat(objects.made()).as("native objects of ND4J").isZero();
    }
  }

  /// A worker makes its arena when a shard first falls to it: beside other processes that may be late.
  private static boolean allHaveWorked(Session session) {
    return !allocations(session).contains(0L);
  }

  private static List<Long> allocations(Session session) {
    return session.workers().kernels().stream().map(kernels -> kernels.arena().allocations()).toList();
  }
}
