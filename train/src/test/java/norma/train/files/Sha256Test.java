package norma.train.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Sha256Test {
  @ParameterizedTest
  @ValueSource(ints = { 0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 5 << 19 })
  void aFileHasTheHashOfItsBytes(int length, @TempDir Path folder) throws Exception {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) ((i * 31) >> 3);
    }
    assertThat(Sha256.of(Files.write(folder.resolve("file"), bytes))).isEqualTo(Sha256.of(bytes));
  }
}
