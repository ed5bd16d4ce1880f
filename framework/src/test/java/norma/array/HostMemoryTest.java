package norma.array;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class HostMemoryTest {
  @Test
  void memoryThatTheMachineDoesNotHaveIsRefusedWithWhatWasAskedAndWhatThereIs() {
    assertThatThrownBy(() -> HostMemory.allocate(DType.FLOAT32, 1L << 46)).isInstanceOf(OutOfMemoryError.class)
        .hasMessageMatching("268435456 MiB of native memory were asked for, of \\d+ MiB in the machine \\d+ are free");
  }
}
