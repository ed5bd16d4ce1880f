package norma.train.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class StandardOutputTest {
  private static final String FULL = "norma: cannot write to standard output: No space left on device\n";

  /// An exit code, and what it says on standard error.
  private record Ending(int code, String err) {}

  @Test
  void whatArrivesIsLeftAlone() {
    assertThat(ending(0, new ByteArrayOutputStream())).isEqualTo(new Ending(0, ""));
  }

  @Test
  void whatIsLostIsFileTroubleInOneLine() {
    assertThat(ending(0, failing("No space left on device"))).isEqualTo(new Ending(Main.FILES, FULL));
  }

  @Test
  void aReaderThatHasSeenEnoughIsNoTrouble() {
    assertThat(ending(0, failing("Broken pipe"))).isEqualTo(new Ending(0, ""));
  }

  @Test
  void anErrorOfTheCommandKeepsItsCode() {
    assertThat(ending(Main.DIVERGED, failing("No space left on device"))).isEqualTo(new Ending(Main.DIVERGED, ""));
  }

  private static Ending ending(int code, OutputStream target) {
    PrintStream out = System.out;
    PrintStream err = System.err;
    ByteArrayOutputStream complaints = new ByteArrayOutputStream();
    StandardOutput output = new StandardOutput(target);
    System.setOut(output.printer(StandardCharsets.UTF_8));
    System.setErr(new PrintStream(complaints, true, StandardCharsets.UTF_8));
    try {
      System.out.println("first");
      System.out.print("second");
      return new Ending(Main.delivered(code, output), complaints.toString(StandardCharsets.UTF_8));
    } finally {
      System.setOut(out);
      System.setErr(err);
    }
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
