package norma.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Bad input of `bench/compare` ends before anything is measured.
class CompareTest {
  @ParameterizedTest
  @CsvSource(delimiter = '|', textBlock = """
      --shapes L            | there is no shape 'L'; expected S or M
      --blas atlas          | expected one of [MKL, OPENBLAS]
      --torch-threads 0     | --torch-threads is 0; expected 1 or more
      --blocks 0            | --blocks is 0; expected 1 or more
      --norms batchnorm     | batchnorm
      --warmup 2            | --warmup is 2; expected 3 or more
      """)
  void badInputIsOneLineAndExitCodeTwo(String arguments, String message) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    PrintStream before = System.err;
    System.setErr(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    int code;
    try {
      code = Compare.commandLine().execute(arguments.split(" "));
    } finally {
      System.setErr(before);
    }
    assertThat(bytes.toString(StandardCharsets.UTF_8)).startsWith("bench/compare: ").contains(message).hasLineCount(1);
    assertThat(code).isEqualTo(2);
  }
}
