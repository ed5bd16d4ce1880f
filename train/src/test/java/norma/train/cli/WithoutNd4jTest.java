package norma.train.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import norma.kernels.cuda.CudaDevice;
import norma.kernels.cuda.Emulator;
import norma.train.files.Tree;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What `bench/gpu-bundle` takes to a GPU host suffices: a JVM without ND4J and what only ND4J needs. One runs several commands.
class WithoutNd4jTest {
  private static final List<String> LEFT_OUT = List.of("/org/nd4j/", "/org/bytedeco/", "/org/slf4j/",
      "/log4j-slf4j2-impl/", "/commons-io/", "/commons-lang3/");
  private static final Path HOME = Path.of(System.getProperty("norma.home"));

  private static final Map<String, Outcome> WITHOUT_A_GPU = new HashMap<>();

  @TempDir
  private static Path folder;

  /// The other JVM's: runs commands in turn, in the working directory.
  static final class Commands {
    private Commands() {}

    public static void main(String[] commands) throws IOException {
      for (int i = 0; i < commands.length; i++) {
        Outcome outcome = Outcome.of(commands[i].split(" ", -1));
        Files.writeString(Path.of(i + ".code"), Integer.toString(outcome.code()));
        Files.writeString(Path.of(i + ".out"), outcome.out());
        Files.writeString(Path.of(i + ".err"), outcome.err());
      }
      System.exit(0);
    }
  }

  @BeforeAll
  static void runWithoutAGpu() throws Exception {
    if (!CudaDevice.mayExist()) {
      List<String> commands = List.of("train", "train runtime.backend=cpu", "train runtime.precision=fp64",
          "train runtime.backend=cuda", "doctor", "norms", "norms dyt");
      List<Outcome> outcomes = norma(List.of(), commands);
      assertThat(text("err.txt")).as("beside what the commands print").isEmpty();
      for (int i = 0; i < commands.size(); i++) {
        WITHOUT_A_GPU.put(commands.get(i), outcomes.get(i));
      }
    }
  }

  private static Outcome withoutAGpu(String command) {
    assumeFalse(CudaDevice.mayExist(), "this machine has a GPU");
    return Objects.requireNonNull(WITHOUT_A_GPU.get(command));
  }

  @Test
  void aGpuTrainsEvaluatesAndReports() throws Exception {
    List<String> options = new ArrayList<>();
    if (!CudaDevice.mayExist()) {
      options.add(Emulator.with("", () -> "-Dnorma.cuda.path=" + System.getProperty("norma.cuda.path")));
    }
    List<Outcome> outcomes = norma(options, List.of("train configs/tiny.yaml runtime.backend=cuda"
        + " model.layers=1 model.width=16 model.context=8 train.steps=2 train.batch=2 train.eval_batches=1"
        + " data.val_fraction=0.001", "eval last"));
    Outcome training = outcomes.getFirst();
    assertThat(training.code()).as(training.err()).isZero();
    assertThat(training.out()).contains("compute capability", "completed at step 2");
    Path run = Tree.list(folder.resolve("runs")).getFirst();
    assertThat(run.resolve("report.html")).exists();
    Outcome evaluation = outcomes.getLast();
    assertThat(evaluation.code()).as(evaluation.err()).isZero();
    assertThat(evaluation.out()).contains(String.valueOf(run.getFileName()));
  }

  @Test
  void withoutAGpuItSaysSoInOneLine() {
    Outcome result = withoutAGpu("train");
    assertThat(result.code()).isEqualTo(Main.FILES);
    assertThat(result.err()).isEqualTo("norma: runtime.backend is auto, but this installation is for GPUs only, without"
        + " ND4J; no NVIDIA GPU was found\n");
    assertThat(withoutAGpu("train runtime.backend=cpu").err()).endsWith("without ND4J; use cuda\n");
    assertThat(withoutAGpu("train runtime.precision=fp64").err())
        .isEqualTo("norma: runtime.precision is fp64, but this installation is for GPUs only, without ND4J;"
            + " use fp32, tf32 or bf16\n");
    assertThat(withoutAGpu("train runtime.backend=cuda").err()).startsWith("norma: runtime.backend is cuda: no")
        .hasLineCount(1);
  }

  @Test
  void theDoctorSaysWhatItFindsAllTheSame() {
    Outcome result = withoutAGpu("doctor");
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.err()).isEmpty();
    assertThat(result.out()).containsPattern("backend +none: runtime.backend is auto").containsPattern("GPU +none")
        .contains("advice");
  }

  @Test
  void whatFollowsFromAFormulaIsSaidWithoutMeasuring() {
    assertThat(withoutAGpu("norms").out()).contains("tanh(alpha * x)", "odd; bounded, |y| up to 1");
    Outcome dyt = withoutAGpu("norms dyt");
    assertThat(dyt.code()).as(dyt.err()).isZero();
    assertThat(dyt.out()).contains("slope at 0  0.5", "picture     dyt.svg").doesNotContain("speed");
    assertThat(dyt.err()).hasLineCount(1).startsWith("norma: warning: nothing is measured: runtime.backend is auto");
    assertThat(folder.resolve("dyt.svg")).exists();
  }

  /// What commands do in a JVM of their own.
  ///
  /// @param commands with a space between their words
  private static List<Outcome> norma(List<String> options, List<String> commands)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--enable-native-access=ALL-UNNAMED", "-XX:TieredStopAtLevel=1", "-Dnorma.home=" + HOME));
    command.addAll(options);
    command.addAll(List.of("-cp", classPath(), Commands.class.getName()));
    command.addAll(commands);
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile())
        .redirectOutput(folder.resolve("out.txt").toFile()).redirectError(folder.resolve("err.txt").toFile());
    // Kernels for the emulator stay apart from a GPU's; they are compiled once for all builds.
    builder.environment().put("XDG_CACHE_HOME", System.getProperty("java.io.tmpdir") + "/norma-without-nd4j");
    assertThat(builder.start().waitFor()).as(text("err.txt")).isZero();
    List<Outcome> outcomes = new ArrayList<>();
    for (int i = 0; i < commands.size(); i++) {
      outcomes.add(new Outcome(Integer.parseInt(text(i + ".code")), text(i + ".out"), text(i + ".err")));
    }
    return outcomes;
  }

  private static String classPath() {
    List<String> entries = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator, -1))
        .filter(entry -> LEFT_OUT.stream().noneMatch(entry::contains)).toList();
    assertThat(entries).noneMatch(entry -> entry.contains("nd4j"));
    return String.join(File.pathSeparator, entries);
  }

  private static String text(String file) throws IOException {
    return Files.readString(folder.resolve(file), StandardCharsets.UTF_8);
  }
}
