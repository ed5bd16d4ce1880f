package norma.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import norma.kernels.vector.VectorUnit;
import org.junit.jupiter.api.Test;

/// What becomes of `jdk.incubator.vector` depends on the JVM's options: each case is a JVM of its own.
class VectorModuleTest {

  @Test
  void theLaunchersOptionResolvesTheModuleWithoutAWarning() throws Exception {
    assertThat(ask("--add-exports=java.base/jdk.internal.module=ALL-UNNAMED")).isEqualTo("true true");
  }

  @Test
  void aModuleOfTheBootLayerIsTakenAsItIs() throws Exception {
    assertThat(ask("--add-modules=jdk.incubator.vector"))
        .isEqualTo("WARNING: Using incubator modules: jdk.incubator.vector\ntrue true");
  }

  @Test
  void withoutEitherTheReasonSaysWhatToAdd() throws Exception {
    assertThat(ask()).isEqualTo(
        "module jdk.incubator.vector is not resolved; start Java with --add-modules jdk.incubator.vector");
  }

  /// Standard output and error of a JVM that asks for the module and uses it if it is there.
  private static String ask(String... options) throws Exception {
    List<String> command = new ArrayList<>(
        List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:TieredStopAtLevel=1"));
    command.addAll(List.of(options));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Question.class.getName()));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    return said.strip();
  }

  /// The other JVM's program.
  static final class Question {
    public static void main(String[] arguments) {
      System.out.println(VectorModule.missing()
          .orElseGet(() -> VectorUnit.lanes().isPresent() + " " + (VectorUnit.lanes().orElseThrow() >= 2)));
    }
  }
}
