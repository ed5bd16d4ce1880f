package norma.machine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Stream;

/// What the CPU can run and the operating system saves when it switches threads: the flags that Linux shows.
///
/// @param avx2   AVX2 with FMA
/// @param avx512 AVX-512 F, BW, VL and DQ
/// @param bf16   products of bfloat16 in AVX-512
public record Cpu(boolean avx2, boolean avx512, boolean bf16) {
  private static final Path FILE = Path.of("/proc/cpuinfo");

  /// This one.
  ///
  /// @throws RefusedException where Linux does not say
  public static Cpu here() throws RefusedException {
    return of(line());
  }

  /// All that it can do, by Linux's names.
  ///
  /// @throws RefusedException where Linux does not say
  public static Set<String> flags() throws RefusedException {
    return flags(line());
  }

  private static Set<String> flags(String line) {
    return Set.copyOf(Stream.of(line.split("\\s+", -1)).toList());
  }

  private static String line() throws RefusedException {
    try (Stream<String> lines = Files.lines(FILE)) {
      return lines.filter(line -> line.startsWith("flags")).findFirst().orElse("");
    } catch (IOException | UncheckedIOException e) {
      throw new RefusedException("machine code needs Linux, and " + FILE + " cannot be read");
    }
  }

  /// @param flags the line of that file
  static Cpu of(String flags) {
    Set<String> all = flags(flags);
    boolean avx2 = all.containsAll(Set.of("avx2", "fma"));
    boolean avx512 = avx2 && all.containsAll(Set.of("avx512f", "avx512bw", "avx512vl", "avx512dq"));
    return new Cpu(avx2, avx512, avx512 && all.contains("avx512_bf16"));
  }
}
