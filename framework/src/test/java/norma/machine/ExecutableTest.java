package norma.machine;

import static norma.machine.Assembler.Register.R10;
import static norma.machine.Assembler.Register.R9;
import static norma.machine.Assembler.Register.RAX;
import static norma.machine.Assembler.Register.RDI;
import static norma.machine.Assembler.Register.RSP;
import static norma.machine.Assembler.at;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ExecutableTest {

  /// First, sixth, seventh and tenth argument with different weights.
  private static byte[] sum() {
    Assembler out = new Assembler(InstructionSet.AVX2);
    out.lea(RAX, at(RDI, RDI, 8));
    out.add(RAX, R9);
    out.mov(R10, at(RSP, 8));
    out.add(RAX, R10);
    out.mov(R10, at(RSP, 32));
    out.lea(RAX, at(RAX, R10, 2));
    out.ret();
    return out.code();
  }

  @Test
  void tenArgumentsArriveAndAResultComesBack() throws Exception {
    Executable code = Executable.of("sum", sum());
    assertThat(code.call(3, 0, 0, 0, 0, 1000, 20_000, 0, 0, 1L << 40)).isEqualTo(27 + 1000 + 20_000 + (1L << 41));
  }

  @Test
  void codeCannotBeWrittenOnceItCanBeExecuted() throws Exception {
    long at = Executable.of("where", where()).call(0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    String line = Files.readAllLines(Path.of("/proc/self/maps")).stream().filter(l -> {
      long start = Long.parseUnsignedLong(l.substring(0, l.indexOf('-')), 16);
      long end = Long.parseUnsignedLong(l.substring(l.indexOf('-') + 1, l.indexOf(' ')), 16);
      return Long.compareUnsigned(start, at) <= 0 && Long.compareUnsigned(at, end) < 0;
    }).findFirst().orElseThrow();
    assertThat(line).contains(" r-xp ");
  }

  /// Returns an address of its own.
  private static byte[] where() {
    return new byte[]{ 0x48, (byte) 0x8D, 0x05, 0, 0, 0, 0, (byte) 0xC3 }; // lea rax, [rip]; ret
  }

  @Test
  void profilersAreToldNameAndPlaceOnRequest() throws Exception {
    Path map = Path.of("/tmp/perf-" + ProcessHandle.current().pid() + ".map");
    IntFunction<List<String>> told = number -> {
      try {
        return Files.exists(map)
            ? Files.readAllLines(map).stream().filter(l -> l.endsWith(" norma sum of " + number)).toList()
            : List.of();
      } catch (java.io.IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    };
    Executable.of("sum of 1", sum());
    System.setProperty("norma.perf", "");
    try {
      Executable.of("sum of 2", sum());
      assertThat(IntStream.of(1, 2).mapToObj(told).map(List::size)).containsExactly(0, 1);
      assertThat(told.apply(2).getFirst()).matches("[0-9a-f]+000 " + Integer.toHexString(sum().length) + " .*");
    } finally {
      System.clearProperty("norma.perf");
      Files.deleteIfExists(map);
    }
  }
}
