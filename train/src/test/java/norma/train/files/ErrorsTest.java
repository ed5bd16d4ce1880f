package norma.train.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.NoSuchFileException;
import org.junit.jupiter.api.Test;

class ErrorsTest {
  @Test
  void aLineSaysWhatTheTypeSaysWhereTheMessageDoesNot() {
    assertThat(Errors.line(new NoSuchFileException("x.txt"))).isEqualTo("x.txt: no such file or folder");
    assertThat(Errors.line(new UncheckedIOException(new IOException("torn\nsecond line")))).isEqualTo("torn");
    assertThat(Errors.line(new IOException())).isEqualTo("IOException");
  }
}
