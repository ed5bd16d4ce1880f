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
import java.util.List;
import norma.kernels.cuda.CudaDevice;
import norma.kernels.cuda.Emulator;
import norma.train.files.Tree;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What `bench/gpu-bundle` takes to a GPU host suffices: a JVM without ND4J and what only ND4J needs.
class WithoutNd4jTest {
  private static final List<String> LEFT_OUT = List.of("/org/nd4j/", "/org/bytedeco/", "/org/slf4j/",
      "/log4j-slf4j2-impl/", "/commons-io/", "/commons-lang3/");
  private static final Path HOME = Path.of(System.getProperty("norma.home"));

  @TempDir
  private Path folder;

  private record Result(int code, String out, String err) {}

  @Test
  void aGpuTrainsEvaluatesAndReports() throws Exception {
    List<String> options = new ArrayList<>();
    if (!CudaDevice.mayExist()) {
      options.add(Emulator.with("", () -> "-Dnorma.cuda.path=" + System.getProperty("norma.cuda.path")));
    }
    Result result = norma(options, "train", HOME.resolve("configs/tiny.yaml").toString(), "runtime.backend=cuda",
        "model.layers=1", "model.context=8", "train.steps=2", "train.batch=2", "train.eval_batches=1",
        "data.val_fraction=0.001");
    assertThat(result.code).as(result.err).isZero();
    assertThat(result.out).contains("compute capability", "completed at step 2");
    Path run = Tree.list(folder.resolve("runs")).getFirst();
    assertThat(run.resolve("report.html")).exists();
    Result evaluation = norma(options, "eval", run.toString());
    assertThat(evaluation.code).as(evaluation.err).isZero();
  }

  @Test
  void withoutAGpuItSaysSoInOneLine() throws Exception {
    assumeFalse(CudaDevice.mayExist(), "this machine has a GPU");
    Result result = norma(List.of(), "train");
    assertThat(result.code).isEqualTo(Main.FILES);
    assertThat(result.err).isEqualTo("norma: runtime.backend is auto, but this installation is for GPUs only, without"
        + " ND4J; no NVIDIA GPU was found\n");
    assertThat(norma(List.of(), "train", "runtime.backend=cpu").err).endsWith("without ND4J; use cuda\n");
    assertThat(norma(List.of(), "train", "runtime.precision=fp64").err)
        .isEqualTo("norma: runtime.precision is fp64, but this installation is for GPUs only, without ND4J;"
            + " use fp32, tf32 or bf16\n");
    assertThat(norma(List.of(), "train", "runtime.backend=cuda").err).startsWith("norma: runtime.backend is cuda: no")
        .hasLineCount(1);
  }

  @Test
  void theDoctorSaysWhatItFindsAllTheSame() throws Exception {
    assumeFalse(CudaDevice.mayExist(), "this machine has a GPU");
    Result result = norma(List.of(), "doctor");
    assertThat(result.code).as(result.err).isZero();
    assertThat(result.err).isEmpty();
    assertThat(result.out).containsPattern("backend +none: runtime.backend is auto").containsPattern("GPU +none")
        .contains("advice");
  }

  @Test
  void whatFollowsFromAFormulaIsSaidWithoutMeasuring() throws Exception {
    assumeFalse(CudaDevice.mayExist(), "this machine has a GPU");
    assertThat(norma(List.of(), "norms").out).contains("tanh(alpha * x)", "odd; bounded, |y| up to 1");
    Result dyt = norma(List.of(), "norms", "dyt");
    assertThat(dyt.code).as(dyt.err).isZero();
    assertThat(dyt.out).contains("slope at 0  0.5", "picture     dyt.svg").doesNotContain("speed");
    assertThat(dyt.err).hasLineCount(1).startsWith("norma: warning: nothing is measured: runtime.backend is auto");
    assertThat(folder.resolve("dyt.svg")).exists();
  }

  private Result norma(List<String> options, String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--enable-native-access=ALL-UNNAMED", "-XX:TieredStopAtLevel=1", "-Dnorma.home=" + HOME));
    command.addAll(options);
    command.addAll(List.of("-cp", classPath(), Main.class.getName()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile())
        .redirectOutput(folder.resolve("out.txt").toFile()).redirectError(folder.resolve("err.txt").toFile());
    // Kernels for the emulator stay apart from a GPU's; they are compiled once for all builds.
    builder.environment().put("XDG_CACHE_HOME", System.getProperty("java.io.tmpdir") + "/norma-without-nd4j");
    int code = builder.start().waitFor();
    return new Result(code, text("out.txt"), text("err.txt"));
  }

  private static String classPath() {
    List<String> entries = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator, -1))
        .filter(entry -> LEFT_OUT.stream().noneMatch(entry::contains)).toList();
    assertThat(entries).noneMatch(entry -> entry.contains("nd4j"));
    return String.join(File.pathSeparator, entries);
  }

  private String text(String file) throws IOException {
    return Files.readString(folder.resolve(file), StandardCharsets.UTF_8);
  }
}
