package norma.train.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.core.JacksonException;

class JsonTest {
  @TempDir
  private Path folder;

  static Stream<String> hostile() {
    return Stream.of("{", "[".repeat(17), "{\"a\":".repeat(100_000), "{\"a\":1,\"a\":2}", "{} {}",
        "[1] x",
        "9".repeat(101), "1e" + "9".repeat(101), "\"" + "x".repeat((1 << 20) + 1) + "\"",
        "{\"" + "x".repeat((1 << 20) + 1) + "\":1}",
        "\uFEFF{}", "{\"a\":\0}", "\u001b[2J", "NaN", "'a'", "// x\n{}", "[1,]", "01", "\"\\x\"", "\"a\nb\"");
  }

  @ParameterizedTest
  @MethodSource("hostile")
  void whatIsNotSmallSoundJsonIsRefusedInALineThatATerminalCanShow(String text) {
    JacksonException e = catchThrowableOfType(JacksonException.class, () -> Json.parse(text));
    assertThat(Json.problem(e)).matches("\\P{Cntrl}{1,1000}");
  }

  @Test
  void soundJsonIsRead() throws IOException {
    assertThat(Json.read(Files.writeString(folder.resolve("a.json"), "{\"a\": [1.5, \"\\u00e9\"]}\n")).path("a").path(1)
        .asString())
        .isEqualTo("\u00e9");
    assertThat(Json.parse("[".repeat(16) + "]".repeat(16)).isArray()).isTrue();
  }

  @Test
  void aFileThatIsTooLargeOrNotUtf8IsRefusedInOneLine() throws IOException {
    Path large = folder.resolve("large.json");
    try (RandomAccessFile file = new RandomAccessFile(large.toFile(), "rw")) {
      file.setLength(1L << 40); // a hole
    }
    assertThatThrownBy(() -> Json.read(large)).isInstanceOf(IOException.class)
        .hasMessage(large + " is damaged: it is larger than 32 MiB");
    Path latin = Files.write(folder.resolve("latin.json"), new byte[]{ '"', (byte) 0xE9, '"' });
    assertThatThrownBy(() -> Json.read(latin)).isInstanceOf(IOException.class)
        .hasMessage(latin + " is damaged: it is not UTF-8: bad byte 0xE9 at offset 1");
    assertThatThrownBy(() -> Json.read(folder.resolve("none"))).isInstanceOf(NoSuchFileException.class);
  }
}
