package norma.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import norma.kernels.cuda.Emulator;
import norma.models.CostModel;
import norma.train.config.RunConfig;
import norma.train.doctor.Gpu;
import norma.train.metrics.Event;
import norma.train.metrics.Metrics;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIf;
import org.junit.jupiter.api.io.TempDir;

/// Runs on a GPU, played by the emulator: the faults that it plays are not to be had from a real one.
@DisabledIf(value = "norma.kernels.cuda.CudaDevice#mayExist", disabledReason = "plays faults with the emulator")
class CudaRunTest {
  @TempDir
  private Path folder;

  private RunConfig config(String... settings) {
    return Runs.config(folder, settings);
  }

  /// As far as its last step but one: the sample at the end is as much work for the emulator as many steps.
  @Test
  void aRunHasTheLossesOfTheCpu() throws Exception {
    String[] settings = { "train.steps=7", "model.dropout=0.2", "model.bias=true", "model.norm.all=dyisru",
        "model.norm.qk=rmsnorm", "train.sample_every=4" };
    Path cpu = Runs.train(config(settings), 6);
    Path gpu = Emulator.with("", () -> Runs.train(config(Runs.with(settings, "runtime.backend=cuda")), 6));
    List<Event.Step> expected = steps(cpu);
    List<Event.Step> actual = steps(gpu);
    assertThat(actual).hasSameSizeAs(expected).hasSize(6);
    for (int i = 0; i < expected.size(); i++) {
      assertThat(actual.get(i).loss()).as("loss of step %d", i + 1)
          .isCloseTo(expected.get(i).loss(), within(1e-4 * expected.get(i).loss()));
      assertThat(actual.get(i).gradNorm()).as("norm of step %d", i + 1)
          .isCloseTo(expected.get(i).gradNorm(), within(1e-3 * expected.get(i).gradNorm()));
    }
    assertThat(Files.readString(gpu.resolve("environment.json"))).contains("\"backend\" : \"cuda\"", "CudaKernels",
        "compute capability");
    assertThat(Metrics.read(gpu).last(Event.Layers.class).orElseThrow().layers()).extracting(Event.Layer::layer)
        .contains("blocks.0.attn");
  }

  @Test
  void anInterruptedRunGoesOnBitForBit() throws Exception {
    String[] settings = { "runtime.backend=cuda", "runtime.precision=bf16", "train.steps=7", "model.dropout=0.2" };
    Emulator.with("", () -> {
      Path undisturbed = Runs.train(config(settings), 6);
      Path run = Runs.train(config(settings), 3);
      assertThat(Runs.resume(run, 2).step()).isEqualTo(5);
      assertThat(Runs.resume(run, 1).step()).isEqualTo(6);
      try {
        Runs.assertSameSoFar(run, undisturbed);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return run;
    });
  }

  @Test
  void autoTakesTheGpuAndSaysWhyItDoesNot() {
    RunConfig.Runtime auto = RunConfig.DEFAULT.runtime();
    Backends gpu = Emulator.with("", () -> Backends.choose(auto, false));
    try (var backend = gpu.backend()) {
      assertThat(backend.name()).isEqualTo("cuda");
      assertThat(gpu.reason()).isEqualTo("chosen by runtime.backend: auto, as the fastest where there is a GPU");
    }
    Backends cpu = Emulator.with("driver=11080", () -> Backends.choose(auto, false));
    try (var backend = cpu.backend()) {
      assertThat(backend.name()).isEqualTo("cpu");
      assertThat(cpu.reason())
          .isEqualTo("chosen by runtime.backend: auto, as the fastest; not the GPU: NVIDIA's driver is"
              + " too old: it serves CUDA up to 11.8; expected 12.0 or newer: update the driver");
    }
  }

  @Test
  void aGpuThatIsAskedForAndCannotBeUsedIsOneLine() {
    RunConfig config = config("runtime.backend=cuda");
    assertThatThrownBy(() -> Emulator.with("context=46", () -> Backends.choose(config.runtime(), false)))
        .isInstanceOf(RunException.class).hasMessageStartingWith("runtime.backend is cuda: GPU 0 (")
        .hasMessageEndingWith(") is busy: another process has it for itself; nvidia-smi shows which");
    assertThatThrownBy(() -> Backends.choose(config("runtime.precision=tf32").runtime(), false))
        .hasMessage("runtime.precision is tf32, which GPUs have; use fp32: no NVIDIA GPU was found");
  }

  /// Before anything is allocated for the model.
  @Test
  void aModelThatTheGpuCannotHoldIsRefusedWithItsNumbers() {
    RunConfig config = config("runtime.backend=cuda", "model.width=1024", "model.heads=8", "model.layers=4");
    assertThatThrownBy(() -> Emulator.with("memory=134217728", () -> Session.start(config, false)))
        .isInstanceOf(RunException.class)
        .hasMessageMatching(
            "out of memory: training needs at least [01]\\.\\d GiB .*, the GPU has 0\\.1 GiB: lower model\\.width"
                + " or model\\.layers");
  }

  @Test
  void aHeadThatTheGpuHasNoKernelForIsRefusedBeforeAnythingIsWritten() {
    RunConfig config = config("runtime.backend=cuda", "model.width=512", "model.heads=1");
    assertThatThrownBy(() -> Emulator.with("", () -> Session.start(config, false)))
        .isInstanceOf(RunException.class)
        .hasMessage("model.width / model.heads is 512, wider than the attention kernels"
            + " of the backend cuda; expected at most 256");
  }

  @Test
  void doctorDescribesTheGpuOrSaysWhatIsWrong() {
    assertThat(Emulator.with("capability=90", Gpu::finding).facts()).singleElement().asString()
        .contains("compute capability 9.0");
    assertThat(Emulator.with("devices=0", Gpu::finding).facts())
        .containsExactly("not usable: no GPU: NVIDIA's driver sees none");
    assertThat(Gpu.finding().facts())
        .containsExactly("none: no driver of NVIDIA's has started (no /dev/nvidiactl)");
  }

  /// Times of the device in every row, and a step that has all its parts.
  @Test
  void aStepIsRecordedByTheDevicesClock() {
    Session session = Emulator.with("", () -> Session.start(config("runtime.backend=cuda"), false));
    try (session) {
      TrainStep step = new TrainStep(session);
      StepRecorder recorder = new StepRecorder(session);
      for (int number = 1; number <= 3; number++) {
        recorder.begin();
        step.update(step.gradients(number, recorder), 1e-3, number, recorder);
        RecordedStep recorded = recorder.end();
        Map<String, RecordedStep.Times> rows = recorded.rows(CostModel::layerOf);
        assertThat(rows).containsKeys("blocks.0.attn", "blocks.0.mlp", "head", "optimizer");
        assertThat(rows).hasEntrySatisfying("blocks.0.attn", times -> assertThat(times.forward()).isPositive())
            .hasEntrySatisfying("blocks.0.mlp", times -> assertThat(times.backward()).isPositive())
            .hasEntrySatisfying(RecordedStep.OTHER,
                times -> assertThat(times.forward()).isBetween(0.0, (double) recorded.nanos()));
      }
    }
  }

  private static List<Event.Step> steps(Path run) throws IOException {
    return Metrics.read(run).of(Event.Step.class);
  }
}
