package norma.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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

  private static final Backends.Engine REFUSED = () -> ProductEngine.choose("", (name, code) -> {
    throw new RefusedException("mmap is refused");
  });

  @Test
  void autoTakesNd4jWhereMachineCodeCannotRun() {
    assertThat(choose("runtime.backend=auto")).startsWith("nd4j, chosen by runtime.backend: auto")
        .contains("mmap is refused");
    assertThatThrownBy(() -> choose("runtime.backend=cpu")).isInstanceOf(RunException.class)
        .hasMessage("runtime.backend is cpu: mmap is refused; use nd4j");
  }

  private String choose(String setting) {
    Backends chosen = Backends.choose(Runs.config(folder, setting).runtime(), false, REFUSED);
    try (var backend = chosen.backend()) {
      return backend.name() + ", " + chosen.reason();
    }
  }
}
