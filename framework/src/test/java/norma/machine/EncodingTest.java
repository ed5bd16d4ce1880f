package norma.machine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The assembler against GNU as: itself where it is installed, everywhere what it wrote when the instructions were last changed.
class EncodingTest {
  private static final int ROUNDS = 200;

  @ParameterizedTest
  @EnumSource
  void everyInstructionIsWhatGnuAsMakesOfItsText(InstructionSet set, @TempDir Path folder) throws Exception {
    List<Encodings.Line> lines = Encodings.of(set, ROUNDS);
    String text = lines.stream().map(Encodings.Line::text).collect(Collectors.joining("\n"));
    Files.writeString(folder.resolve("all.s"), ".intel_syntax noprefix\n" + text + "\n");
    try {
      run(folder, "as", "--64", "-o", "all.o", "all.s");
      run(folder, "objcopy", "-O", "binary", "-j", ".text", "all.o", "all.bin");
    } catch (IOException e) {
      Assumptions.abort("binutils are not installed: only the frozen encodings are compared");
    }
    byte[] expected = Files.readAllBytes(folder.resolve("all.bin"));
    int at = 0;
    for (Encodings.Line line : lines) {
      int end = Math.min(expected.length, at + line.code().length);
      assertThat(HexFormat.of().formatHex(line.code())).as(line.text())
          .isEqualTo(HexFormat.of().formatHex(Arrays.copyOfRange(expected, at, end)));
      at = end;
    }
    assertThat(at).isEqualTo(expected.length);
    assertThat(frozen(set)).as("the frozen file: put this line in").isEqualTo(digest(expected));
  }

  @ParameterizedTest
  @EnumSource
  void everyInstructionIsWhatGnuAsMadeOfItsText(InstructionSet set) throws Exception {
    assertThat(digest(bytes(Encodings.of(set, ROUNDS)))).isEqualTo(frozen(set));
  }

  private static byte[] bytes(List<Encodings.Line> lines) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    lines.forEach(line -> bytes.writeBytes(line.code()));
    return bytes.toByteArray();
  }

  /// The digest of what GNU as 2.40 wrote, a line for each set.
  static String frozen(InstructionSet set) throws IOException {
    try (var in = EncodingTest.class.getResourceAsStream("encodings.txt")) {
      return new String(in.readAllBytes(), UTF_8).lines().filter(line -> line.startsWith(set + " ")).findFirst()
          .orElseThrow().substring(set.name().length() + 1);
    }
  }

  static String digest(byte[] bytes) throws NoSuchAlgorithmException {
    return bytes.length + " bytes, SHA-256 "
        + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }

  private static void run(Path folder, String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).start();
    String out = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(out).isZero();
  }
}
