package norma.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class CpuTest {
  private static final int AVX_AND_FMA = 1 << 12 | 1 << 27 | 1 << 28;
  private static final int AVX2 = 1 << 5;
  private static final int AVX512 = 1 << 16 | 1 << 17 | 1 << 30 | 1 << 31;
  private static final int BF16 = 1 << 5;
  private static final long ALL_STATE = 0xE7;

  /// @param leaves that CPUID has
  private record Made(int leaves, int ecx1, int ebx7, int eax7, long xcr0) implements Cpu.Answers {
    @Override
    public int[] cpuid(int leaf, int subleaf) {
      return switch (leaf) {
        case 0 -> new int[]{ leaves, 0, 0, 0 };
        case 1 -> new int[]{ 0, 0, ecx1, 0 };
        case 7 -> subleaf == 0 ? new int[]{ 1, ebx7, 0, 0 } : new int[]{ eax7, 0, 0, 0 };
        default -> throw new AssertionError("leaf " + leaf);
      };
    }
  }

  private static Cpu cpu(int leaves, int ecx1, int ebx7, int eax7, long xcr0) {
    return Cpu.of(new Made(leaves, ecx1, ebx7, eax7, xcr0));
  }

  @Test
  void everythingIsThereWhereCpuAndSystemHaveIt() {
    assertThat(cpu(7, AVX_AND_FMA, AVX2 | AVX512, BF16, ALL_STATE)).isEqualTo(new Cpu(true, true, true));
    assertThat(cpu(7, AVX_AND_FMA, AVX2 | AVX512, 0, ALL_STATE)).isEqualTo(new Cpu(true, true, false));
    assertThat(cpu(7, AVX_AND_FMA, AVX2, BF16, ALL_STATE)).isEqualTo(new Cpu(true, false, false));
  }

  @Test
  void whatTheSystemDoesNotSaveIsNotThere() {
    assertThat(cpu(7, AVX_AND_FMA, AVX2 | AVX512, BF16, 0x7)).isEqualTo(new Cpu(true, false, false));
    assertThat(cpu(7, AVX_AND_FMA, AVX2 | AVX512, BF16, 0x3)).isEqualTo(new Cpu(false, false, false));
    assertThat(cpu(7, AVX_AND_FMA & ~(1 << 27), AVX2 | AVX512, BF16, ALL_STATE)).isEqualTo(
        new Cpu(false, false, false));
  }

  @Test
  void everyPartIsNeeded() {
    for (int bit : new int[]{ 12, 27, 28 }) {
      assertThat(cpu(7, AVX_AND_FMA & ~(1 << bit), AVX2 | AVX512, BF16, ALL_STATE).avx2()).as("bit %d", bit).isFalse();
    }
    for (int bit : new int[]{ 16, 17, 30, 31 }) {
      assertThat(cpu(7, AVX_AND_FMA, AVX2 | (AVX512 & ~(1 << bit)), BF16, ALL_STATE)).as("bit %d", bit)
          .isEqualTo(new Cpu(true, false, false));
    }
    assertThat(cpu(6, AVX_AND_FMA, AVX2 | AVX512, BF16, ALL_STATE)).isEqualTo(new Cpu(false, false, false));
  }

  @Test
  void thisCpuHasWhatLinuxSaysOfIt() throws Exception {
    String flags = Files.readAllLines(Path.of("/proc/cpuinfo")).stream().filter(line -> line.startsWith("flags"))
        .findFirst().orElseThrow() + " ";
    Cpu here = Cpu.here(Executable::of);
    assertThat(here.avx2()).isEqualTo(flags.contains(" avx2 ") && flags.contains(" fma "));
    assertThat(here.avx512()).isEqualTo(flags.contains(" avx512vl ") && flags.contains(" avx512bw "));
    assertThat(here.bf16()).isEqualTo(flags.contains(" avx512_bf16 "));
  }
}
