package norma.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The emulator's own checks: what runs on it is worth as much as it is.
class EmulatorTest {
  @TempDir
  private Path folder;

  @Test
  void itDoesWhatCudaDocuments() {
    Path sources = Emulator.folder();
    String program = folder.resolve("selftest").toString();
    String library = sources.resolve("libcuda.so.1").toString();
    String log = Emulator.run(List.of("g++", "-std=c++17", "-O1", sources.resolve("selftest.cpp").toString(), library,
        "-o", program));
    String checks = Emulator.run(List.of(program));
    assertThat(checks.lines().toList()).as(log).last().asString().matches("\\d{2,} passed, 0 failed");
  }
}
