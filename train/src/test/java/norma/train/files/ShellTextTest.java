package norma.train.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ShellTextTest {

  @Test
  void aPlainWordStaysAndAnyOtherIsQuoted() {
    assertThat(ShellText.of("runs/char-cpu-20260101")).isEqualTo("runs/char-cpu-20260101");
    assertThat(ShellText.of("my runs/x")).isEqualTo("'my runs/x'");
    assertThat(ShellText.of("")).isEqualTo("''");
    assertThat(ShellText.of("~/x")).isEqualTo("'~/x'");
    assertThat(ShellText.of("a\u200Cb")).isEqualTo("$'a\\342\\200\\214b'");
  }

  /// What a shell makes of it is the word itself.
  @Test
  void aShellReadsTheWordThatWasMeant() throws IOException {
    for (String word : new String[]{ "my runs/it's", "a$HOME`x`\\n\"", "\u001B[2J", "line\nbreak",
        "\uD83D\uDC68\u200D\uD83D\uDC69 it's \\",
        "*", "a\u202Eb" }) {
      Process shell = new ProcessBuilder("bash", "-c", "printf %s " + ShellText.of(word)).start();
      assertThat(new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8)).isEqualTo(word);
    }
  }
}
