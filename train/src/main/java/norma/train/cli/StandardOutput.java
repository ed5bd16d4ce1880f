package norma.train.cli;

import java.io.BufferedOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import org.jspecify.annotations.Nullable;

/// Standard output that remembers why it failed: a [PrintStream] only goes silent. What a command leaves in files goes on.
final class StandardOutput extends FilterOutputStream {
  /// What the system says where the reader has gone (`EPIPE`): it has seen enough, as in `norma sample RUN | head`.
  private static final String CLOSED = "Broken pipe";

  private @Nullable IOException failure;

  StandardOutput(OutputStream out) {
    super(out);
  }

  /// Prints here, each line at once.
  PrintStream printer(Charset charset) {
    return new PrintStream(new BufferedOutputStream(this), true, charset);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    try {
      out.write(bytes, offset, length);
    } catch (IOException e) {
      failure = failure == null ? e : failure;
      throw e;
    }
  }

  /// Why something is missing of what was printed, or null: all of it has arrived, or nobody wants the rest.
  @Nullable
  String trouble() {
    return failure == null || String.valueOf(failure.getMessage()).contains(CLOSED)
        ? null
        : "cannot write to standard output: " + failure.getMessage();
  }
}
