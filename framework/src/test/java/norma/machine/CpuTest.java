package norma.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CpuTest {
  private static final String ALL = "flags\t\t: fpu sse2 avx fma avx2 avx512f avx512dq avx512bw avx512vl avx512_bf16 rdpid";

  @Test
  void everythingIsThereWhereLinuxSaysSo() {
    assertThat(Cpu.of(ALL)).isEqualTo(new Cpu(true, true, true));
    assertThat(Cpu.of("")).isEqualTo(new Cpu(false, false, false));
  }

  @ParameterizedTest
  @CsvSource({ "fma, false, false, false", "avx2, false, false, false", "avx512f, true, false, false",
      "avx512dq, true, false, false", "avx512bw, true, false, false", "avx512vl, true, false, false",
      "avx512_bf16, true, true, false", "rdpid, true, true, true" })
  void everyPartIsNeeded(String missing, boolean avx2, boolean avx512, boolean bf16) {
    List<String> flags = List.of(ALL.split(" "));
    assertThat(Cpu.of(String.join(" ", flags.stream().filter(flag -> !flag.equals(missing)).toList())))
        .isEqualTo(new Cpu(avx2, avx512, bf16));
  }
}
