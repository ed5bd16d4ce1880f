package norma.train.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class StandardOutputTest {
  private static final String FULL = "norma: cannot write to standard output: No space left on device\n";

  @Test
  void whatArrivesIsLeftAlone() {
    assertThat(ending(0, new ByteArrayOutputStream())).isEqualTo(new Outcome(0, "", ""));
  }

  @Test
  void whatIsLostIsFileTroubleInOneLine() {
    assertThat(ending(0, failing("No space left on device"))).isEqualTo(new Outcome(Main.FILES, "", FULL));
  }

  @Test
  void aReaderThatHasSeenEnoughIsNoTrouble() {
    assertThat(ending(0, failing("Broken pipe"))).isEqualTo(new Outcome(0, "", ""));
  }

  @Test
  void anErrorOfTheCommandKeepsItsCode() {
    assertThat(ending(Main.DIVERGED, failing("No space left on device")))
        .isEqualTo(new Outcome(Main.DIVERGED, "", ""));
  }

  private static Outcome ending(int code, OutputStream target) {
    StandardOutput output = new StandardOutput(target);
    return Outcome.printed(() -> {
      System.setOut(output.printer(StandardCharsets.UTF_8));
      System.out.println("first");
      System.out.print("second");
      return Main.delivered(code, output);
    });
  }

  private static OutputStream failing(String reason) {
    return new OutputStream() {
      @Override
      public void write(int b) throws IOException {
        throw new IOException(reason);
      }
    };
  }
}
