package norma.train.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import norma.kernels.cpu.ProductEngine;
import norma.machine.RefusedException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIf;
import org.junit.jupiter.api.io.TempDir;

@DisabledIf(value = "norma.kernels.cuda.CudaDevice#mayExist", disabledReason = "auto takes the GPU")
class BackendsTest {
  @TempDir
  private Path folder;

  /// Plain Java is several times slower than ND4J.
  @Test
  void autoTakesNd4jWhereMachineCodeCannotRun() {
    ProductEngine refused = ProductEngine.choose("", (name, code) -> {
      throw new RefusedException("mmap is refused");
    });
    assertThat(choose(refused, "runtime.backend=auto")).startsWith("nd4j, chosen by runtime.backend: auto")
        .contains("mmap is refused");
    assertThat(choose(refused, "runtime.backend=cpu")).isEqualTo("cpu, asked for by runtime.backend");
  }

  private String choose(ProductEngine products, String setting) {
    Backends chosen = Backends.choose(Runs.config(folder, setting).runtime(), false, () -> products);
    try (var backend = chosen.backend()) {
      return backend.name() + ", " + chosen.reason();
    }
  }
}
