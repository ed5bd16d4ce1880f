package norma.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/// The emulator's own checks: what runs on it is worth as much as it is.
class EmulatorTest {
  @Test
  void itDoesWhatCudaDocuments() {
    String checks = Emulator.run(List.of(Emulator.selftest().toString()));
    assertThat(checks.lines().toList()).as(checks).last().asString().matches("\\d{2,} passed, 0 failed");
  }
}
